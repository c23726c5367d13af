"""Links between gateways: each dials all others, and speaks on what it dialled alone.

A link carries the lines of `plat_core.services.peers`, after a first one that says who speaks and
proves that it knows the platform's token. What comes is bounded: a line that is too long, a
stranger, or one who does not read ends the link, which is dialled again.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import socket
from collections.abc import Mapping
from typing import Final

from plat_core.services.peers import Peers

log = logging.getLogger(__name__)

LINE: Final = 1024 * 1024
INTRODUCTION: Final = 1024
UNREAD: Final = 4 * 1024 * 1024
"""Bytes that another gateway may leave unread."""
HELLO: Final = 2.0
"""Seconds for a connection, and for the first line on it."""
UNACKNOWLEDGED: Final = 5_000
"""Milliseconds after which a machine that says nothing is gone."""
FIRST_RETRY: Final = 0.1
LAST_RETRY: Final = 2.0
LINKS: Final = 64


class Links:
    """The links of the gateway `name`; `token` is the platform's, which never travels itself."""

    def __init__(self, name: str, token: str) -> None:
        self._name = name
        self._token = token.encode()
        self._dials: dict[str, tuple[str, asyncio.Task[None]]] = {}
        self._out: dict[str, asyncio.StreamWriter] = {}
        self._in: dict[str, asyncio.StreamWriter] = {}
        self._peers: Peers | None = None
        self.port = 0
        """Where it listens."""

    def send(self, name: str, line: bytes) -> None:
        """Carry a line to another gateway, if there is a link."""
        writer = self._out.get(name)
        if writer is None or writer.is_closing():
            return
        if writer.transport.get_write_buffer_size() > UNREAD:
            log.warning("gateway %s does not read what it is told", name)
            writer.transport.abort()
            return
        writer.write(line)

    def members(self, addresses: Mapping[str, str]) -> None:
        """The other gateways, each with its `host:port`: these are dialled, and no others."""
        for name, (address, task) in list(self._dials.items()):
            if addresses.get(name) != address:
                task.cancel()
                del self._dials[name]
        for name, address in addresses.items():
            if name not in self._dials:
                self._dials[name] = (address, asyncio.create_task(self._dial(name, address)))

    async def run(self, peers: Peers, host: str, port: int) -> None:
        """Listen until cancelled; raises OSError where the address is taken."""
        self._peers = peers
        server = await asyncio.start_server(self._serve, host, port, limit=LINE)
        self.port = int(server.sockets[0].getsockname()[1])
        try:
            async with server:
                await server.serve_forever()
        finally:
            self.members({})
            for writer in list(self._in.values()):
                writer.transport.abort()

    # what we say

    async def _dial(self, name: str, address: str) -> None:
        delay = FIRST_RETRY
        host, _, port = address.rpartition(":")
        while True:
            try:
                async with asyncio.timeout(HELLO):
                    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
                delay = FIRST_RETRY
                await self._speak(name, reader, writer)
            except OSError as error:
                log.debug("gateway %s is not reached: %s", name, error)
                delay = min(2 * delay, LAST_RETRY)
            except Exception:
                # or nobody would tell that gateway anything any more, without a word
                log.exception("the link to gateway %s failed", name)
                delay = LAST_RETRY
            await asyncio.sleep(delay)

    async def _speak(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Keep the link until the other side ends it."""
        _notice_death(writer)
        hello = {"hello": self._name, "proof": self._proof(self._name)}
        writer.write(json.dumps(hello).encode() + b"\n")
        self._out[name] = writer
        try:
            if self._peers is not None:
                self._peers.on_outbound_link(name)
            # nothing comes this way but the end
            await reader.read(1)
        except OSError as error:
            log.debug("the link to gateway %s broke: %s", name, error)
        finally:
            del self._out[name]
            writer.transport.abort()

    # what others say

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = ""
        try:
            async with asyncio.timeout(HELLO):
                name = self._introduced(await reader.readline())
            if name and len(self._in) < LINKS:
                await self._listen(name, reader, writer)
        except (OSError, ValueError) as error:
            # a timeout is an OSError, a line that is too long a ValueError
            log.warning("the link from gateway %s is closed: %s", name or "unknown", error)
        except asyncio.CancelledError:
            # the platform stops; the server has nobody to hear of it
            log.debug("the link from gateway %s ends", name)
        finally:
            writer.transport.abort()

    async def _listen(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        peers = self._peers
        if peers is None:
            return
        if before := self._in.get(name):
            before.transport.abort()
        self._in[name] = writer
        _notice_death(writer)
        peers.on_inbound_link(name)
        log.info("linked with gateway %s", name)
        try:
            while line := await reader.readline():
                if self._in.get(name) is writer:
                    peers.receive(name, line)
        finally:
            if self._in.get(name) is writer:
                del self._in[name]
                peers.on_inbound_lost(name)

    def _introduced(self, line: bytes) -> str:
        """Who speaks; empty where that is not proven."""
        hello = json.loads(line or b"null") if len(line) <= INTRODUCTION else None
        if not isinstance(hello, dict):
            return ""
        name, proof = hello.get("hello"), hello.get("proof")
        if not isinstance(name, str) or not isinstance(proof, str) or name == self._name:
            return ""
        return name if hmac.compare_digest(proof.encode(), self._proof(name).encode()) else ""

    def _proof(self, name: str) -> str:
        message = b"plat gateway " + name.encode()
        return hmac.new(self._token, message, hashlib.sha256).hexdigest()


def _notice_death(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED)
