"""A trivial function on a Unix socket.

`GET /` returns `ok`, `GET /bytes/<n>` returns n bytes, and `PUT` the number of bytes received.
"""

from __future__ import annotations

import asyncio
import re
import sys
from typing import cast

import uvloop

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
_BYTES = re.compile(rb"GET /bytes/(\d+) ")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PIECE = bytes(256 * 1024)


class Function(asyncio.Protocol):
    """One connection; each request must arrive in one piece, except the body of a PUT."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._expected = self._left = self._due = 0
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Respond, or count the bytes of a body."""
        if self._left:
            self._count(len(data))
        elif match := _BYTES.match(data):
            self._due = int(match[1])
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % self._due)
            self._write_pieces()
        elif data.startswith(b"PUT") and (length := _LENGTH.search(data)):
            self._expected = self._left = int(length[1])
            self._count(len(data) - data.index(b"\r\n\r\n") - 4)
        else:
            self.transport.write(_OK)

    def pause_writing(self) -> None:
        """Stop writing."""
        self._paused = True

    def resume_writing(self) -> None:
        """Continue to write."""
        self._paused = False
        self._write_pieces()

    def _write_pieces(self) -> None:
        while self._due and not self._paused:
            piece = _PIECE[: self._due]
            self._due -= len(piece)
            self.transport.write(piece)

    def _count(self, size: int) -> None:
        self._left -= size
        if not self._left:
            text = b"%d" % self._expected
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text)
            self.transport.write(head + text)


async def main(path: str) -> None:
    """Serve until terminated."""
    await asyncio.get_running_loop().create_unix_server(Function, path, backlog=1024)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
