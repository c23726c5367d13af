"""Links between gateways: each connects to all others and sends only on its own connections.

A link carries the messages of `plat_core.services.peers`, one per line. The first line names the
sender and proves that it has the platform's token. A line that is too long, a failed proof or a
peer that does not read closes the link. The sender then connects again.
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

MAX_LINE_BYTES: Final = 1024 * 1024
MAX_HELLO_BYTES: Final = 1024
MAX_UNREAD_BYTES: Final = 4 * 1024 * 1024
"""Bytes that another gateway may leave unread."""
HELLO_TIMEOUT: Final = 2.0
"""Time for connecting, and for the first line."""
USER_TIMEOUT_MS: Final = 5_000
"""Milliseconds without an acknowledgement after which TCP closes the connection."""
FIRST_RETRY: Final = 0.1
MAX_RETRY: Final = 2.0
MAX_LINKS: Final = 64


class GatewayLinks:
    """The links of the gateway `name`; the `token` itself is never sent."""

    def __init__(self, name: str, token: str) -> None:
        self._name = name
        self._token = token.encode()
        self._connectors: dict[str, tuple[str, asyncio.Task[None]]] = {}
        self._outgoing: dict[str, asyncio.StreamWriter] = {}
        self._incoming: dict[str, asyncio.StreamWriter] = {}
        self._peers: Peers | None = None
        self.port = 0
        """Port on which this gateway listens."""

    def send(self, name: str, line: bytes) -> None:
        """Send a line to another gateway if it is connected."""
        writer = self._outgoing.get(name)
        if writer is None or writer.is_closing():
            return
        if writer.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            log.warning("gateway %s does not read its messages", name)
            writer.transport.abort()
            return
        writer.write(line)

    def set_members(self, addresses: Mapping[str, str]) -> None:
        """Connect to these gateways, given by name and `host:port`, and to no others."""
        for name, (address, task) in list(self._connectors.items()):
            if addresses.get(name) != address:
                task.cancel()
                del self._connectors[name]
        for name, address in addresses.items():
            if name not in self._connectors:
                self._connectors[name] = (
                    address,
                    asyncio.create_task(self._connect(name, address)),
                )

    async def run(self, peers: Peers, host: str, port: int) -> None:
        """Listen until cancelled; raise OSError if the address is in use."""
        self._peers = peers
        server = await asyncio.start_server(self._serve, host, port, limit=MAX_LINE_BYTES)
        self.port = int(server.sockets[0].getsockname()[1])
        try:
            async with server:
                await server.serve_forever()
        finally:
            self.set_members({})
            for writer in list(self._incoming.values()):
                writer.transport.abort()

    # outgoing links

    async def _connect(self, name: str, address: str) -> None:
        delay = FIRST_RETRY
        host, _, port = address.rpartition(":")
        while True:
            try:
                async with asyncio.timeout(HELLO_TIMEOUT):
                    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
                delay = FIRST_RETRY
                await self._hold(name, reader, writer)
            except OSError as error:
                log.debug("failed to connect to gateway %s: %s", name, error)
                delay = min(2 * delay, MAX_RETRY)
            except Exception:
                # keep the task alive: without it, that gateway would receive nothing more
                log.exception("the link to gateway %s failed", name)
                delay = MAX_RETRY
            await asyncio.sleep(delay)

    async def _hold(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Introduce this gateway and hold the link until the other side closes it."""
        _detect_dead_peer(writer)
        hello = {"hello": self._name, "proof": self._proof(self._name)}
        writer.write(json.dumps(hello).encode() + b"\n")
        self._outgoing[name] = writer
        try:
            if self._peers is not None:
                self._peers.on_outbound_link(name)
            # the other side sends nothing on this connection but its end
            await reader.read(1)
        except OSError as error:
            log.debug("the link to gateway %s broke: %s", name, error)
        finally:
            del self._outgoing[name]
            writer.transport.abort()

    # incoming links

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = ""
        try:
            async with asyncio.timeout(HELLO_TIMEOUT):
                name = self._authenticate(await reader.readline())
            if name and len(self._incoming) < MAX_LINKS:
                await self._receive(name, reader, writer)
        except (OSError, ValueError) as error:
            # TimeoutError is an OSError; `readline` raises ValueError for a long line
            log.warning("closing the link from gateway %s: %s", name or "unknown", error)
        except asyncio.CancelledError:
            # asyncio's server logs a cancelled handler as an error
            log.debug("cancelled the link from gateway %s", name)
        finally:
            writer.transport.abort()

    async def _receive(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        peers = self._peers
        if peers is None:
            return
        if previous := self._incoming.get(name):
            previous.transport.abort()
        self._incoming[name] = writer
        _detect_dead_peer(writer)
        peers.on_inbound_link(name)
        log.info("linked with gateway %s", name)
        try:
            while line := await reader.readline():
                if self._incoming.get(name) is writer:
                    peers.receive(name, line)
        finally:
            if self._incoming.get(name) is writer:
                del self._incoming[name]
                peers.on_inbound_lost(name)

    def _authenticate(self, line: bytes) -> str:
        """Return the sender's name; empty if its proof is invalid."""
        hello = json.loads(line or b"null") if len(line) <= MAX_HELLO_BYTES else None
        if not isinstance(hello, dict):
            return ""
        name, proof = hello.get("hello"), hello.get("proof")
        if not isinstance(name, str) or not isinstance(proof, str) or name == self._name:
            return ""
        return name if hmac.compare_digest(proof.encode(), self._proof(name).encode()) else ""

    def _proof(self, name: str) -> str:
        message = b"plat gateway " + name.encode()
        return hmac.new(self._token, message, hashlib.sha256).hexdigest()


def _detect_dead_peer(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
