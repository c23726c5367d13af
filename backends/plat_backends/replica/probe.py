"""HTTP probes of a replica: whether it is ready, whether it is healthy."""

from __future__ import annotations

import asyncio

READY = "/_/ready"
HEALTH = "/_/health"
STATUS_LINE_BYTES = 1024


async def probe_status(address: str, path: str, *, deadline: float) -> int | None:
    """Send `GET path` to an endpoint's address and return the status.

    Return None if no HTTP response arrives within `deadline` seconds.
    """
    try:
        async with asyncio.timeout(deadline):
            return await _request_status(address, path)
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
        return None


async def _request_status(address: str, path: str) -> int:
    reader, writer = await _connect(address)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: replica\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        version, code = (await reader.readuntil(b"\n")).split()[:2]
        if not version.startswith(b"HTTP/1."):
            raise ValueError("not an HTTP response")
        return int(code)
    finally:
        # the body does not matter, so the connection need not be closed in order
        writer.transport.abort()


async def _connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    scheme, _, location = address.partition(":")
    if scheme == "unix":
        return await asyncio.open_unix_connection(location, limit=STATUS_LINE_BYTES)
    host, _, port = location.rpartition(":")
    return await asyncio.open_connection(host, int(port), limit=STATUS_LINE_BYTES)
