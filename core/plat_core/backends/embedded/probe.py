"""One HTTP request to a replica's Unix socket, which tells whether it is ready or alive."""

from __future__ import annotations

import asyncio
from pathlib import Path

READY = "/_/ready"
HEALTH = "/_/health"
STATUS_LINE_BYTES = 1024


async def status(socket: Path, path: str, *, deadline: float) -> int | None:
    """The status of `GET path`; None where no HTTP answer came within `deadline` seconds."""
    try:
        async with asyncio.timeout(deadline):
            return await _ask(socket, path)
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
        return None


async def _ask(socket: Path, path: str) -> int:
    reader, writer = await asyncio.open_unix_connection(str(socket), limit=STATUS_LINE_BYTES)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: replica\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        version, code = (await reader.readuntil(b"\n")).split()[:2]
        if not version.startswith(b"HTTP/1."):
            raise ValueError("not an HTTP answer")
        return int(code)
    finally:
        writer.transport.abort()
