"""Passes on to one place what comes to another, until the test cuts it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from ssl import SSLContext

Reached = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Relay:
    """`reach` connects to the far end, once for each connection that comes; `cut` when done."""

    def __init__(self, reach: Callable[[], Awaitable[Reached]]) -> None:
        self.path = Path()
        self._reach = reach
        self._server: asyncio.Server | None = None
        self._refuses = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def at_socket(self, path: Path) -> None:
        """Take what comes to a Unix socket."""
        self.path = path
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def at_port(self, tls: SSLContext) -> int:
        """Take what comes over TLS to a port of the loopback interface; which one it is."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        return int(self._server.sockets[0].getsockname()[1])

    async def cut(self) -> None:
        """Nothing is taken any more, and what was under way breaks off."""
        if self._server is not None:
            self._server.close()
        await self.refuse()

    async def refuse(self) -> None:
        """Break off what is under way, and whatever comes, until `accept`."""
        self._refuses = True
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def accept(self) -> None:
        """Pass on again what comes."""
        self._refuses = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        far_reader, far_writer = await self._reach()
        ends = {writer, far_writer}
        self._writers |= ends
        ways = (_copy(reader, far_writer), _copy(far_reader, writer))
        await asyncio.gather(*ways, return_exceptions=True)  # either side left
        self._writers -= ends
        for end in ends:
            end.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        if writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()
