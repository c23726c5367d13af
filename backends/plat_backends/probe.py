"""One HTTP request to a replica, as small as it can be: is it ready, is it alive?"""

from __future__ import annotations

import asyncio

READY = "/_/ready"
HEALTH = "/_/health"
STATUS_LINE_BYTES = 1024


async def status(address: str, path: str, *, deadline: float) -> int | None:
    """The status of `GET path` at an endpoint's address.

    None where no HTTP answer came within `deadline` seconds.
    """
    try:
        async with asyncio.timeout(deadline):
            return await _ask(address, path)
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
        return None


async def _ask(address: str, path: str) -> int:
    reader, writer = await _connect(address)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: replica\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        version, code = (await reader.readuntil(b"\n")).split()[:2]
        if not version.startswith(b"HTTP/1."):
            raise ValueError("not an HTTP answer")
        return int(code)
    finally:
        writer.transport.abort()


async def _connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    kind, _, place = address.partition(":")
    if kind == "unix":
        return await asyncio.open_unix_connection(place, limit=STATUS_LINE_BYTES)
    host, _, port = place.rpartition(":")
    return await asyncio.open_connection(host, int(port), limit=STATUS_LINE_BYTES)
