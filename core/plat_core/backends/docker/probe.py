"""One HTTP GET to a replica, as small as it can be: it runs every 10 ms while a function wakes."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal

ANSWER_BYTES = 4096

Verdict = Literal["good", "bad", "silent"]
"""`bad`: it refused, or answered other than 200; `silent`: it is busy, or nobody is there."""


async def probe(host: str, port: int, path: str, *, within: float) -> Verdict:
    """Ask for `path` and wait `within` seconds for the status line."""
    try:
        async with asyncio.timeout(within):
            return "good" if await _status(host, port, path) == 200 else "bad"
    except TimeoutError:
        return "silent"
    except (OSError, ValueError, asyncio.LimitOverrunError):
        return "bad"


async def _status(host: str, port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection(host, port, limit=ANSWER_BYTES)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        line = await reader.readuntil(b"\r\n")
        return int(line.split(b" ", 2)[1])
    except (asyncio.IncompleteReadError, IndexError) as error:
        raise ValueError("not an HTTP answer") from error
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
