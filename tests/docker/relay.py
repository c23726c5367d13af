"""The way to Docker's socket, which a test can cut: Docker is away then, for one client alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

DOCKER = "/var/run/docker.sock"


class Relay:
    """Passes on what comes to the socket at `path`, between `open` and `cut`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where a Docker client finds it."""
        return f"unix://{self._path}"

    async def open(self) -> None:
        """Docker answers, from now on."""
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def cut(self) -> None:
        """Docker is away, from now on; what was under way breaks off."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(DOCKER)
        mine = {writer, far_writer}
        self._writers |= mine
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        except OSError:
            return  # either side left
        finally:
            self._writers -= mine
            for end in mine:
                end.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()
