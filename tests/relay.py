"""A relay of connections that a test can cut."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from ssl import SSLContext

Reached = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Relay:
    """`reach` connects to the target for each accepted connection. Cut it after use."""

    def __init__(self, reach: Callable[[], Awaitable[Reached]]) -> None:
        self.path = Path()
        self._reach = reach
        self._server: asyncio.Server | None = None
        self._refuses = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def at_socket(self, path: Path) -> None:
        """Listen on a Unix socket."""
        self.path = path
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def at_port(self, tls: SSLContext) -> int:
        """Listen with TLS on a loopback port and return the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        return int(self._server.sockets[0].getsockname()[1])

    async def cut(self) -> None:
        """Stop listening and abort all connections."""
        if self._server is not None:
            self._server.close()
        await self.refuse()

    async def refuse(self) -> None:
        """Abort all connections, and new ones until `accept`."""
        self._refuses = True
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def accept(self) -> None:
        """Relay new connections again."""
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
