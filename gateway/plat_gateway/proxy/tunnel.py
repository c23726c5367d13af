"""A client and a replica that exchange bytes after a protocol switch, such as a WebSocket."""

from __future__ import annotations

from collections.abc import Callable

from plat_core.errors import PlatError

from plat_gateway.proxy.connection import ClientConnection
from plat_gateway.proxy.connection_pool import UpstreamConnection


class Tunnel:
    """Copies bytes in both directions until one side closes, or `idle` seconds pass without any.

    It replaces the exchange of the client's connection and the receiver of the upstream.
    """

    __slots__ = ("_connection", "_idle", "_on_closed", "_upstream")

    def __init__(
        self,
        connection: ClientConnection,
        upstream: UpstreamConnection,
        *,
        idle: float,
        on_closed: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._upstream = upstream
        self._idle = idle
        self._on_closed = on_closed

    def start(self, content: bytes, *, ended: bool) -> None:
        """Connect both sides, with the bytes that the client sent before the switch."""
        self._extend_deadline()
        self._upstream.receiver = self
        if content:
            self._upstream.transport.write(content)

    # called by the client's side

    def body_received(self, content: bytes) -> None:
        """Send bytes to the replica."""
        self._extend_deadline()
        self._upstream.transport.write(content)

    def body_ended(self) -> None:
        """Do nothing: a tunnel has no body."""

    def body_failed(self, error: PlatError) -> None:
        """Do nothing: a tunnel has no body."""

    def client_disconnected(self) -> None:
        """Close the upstream after the client's last bytes."""
        self._close()

    def pause_writing(self) -> None:
        """Stop reading from the replica."""
        self._upstream.pause_reading()

    def resume_writing(self) -> None:
        """Continue to read from the replica."""
        self._extend_deadline()
        self._upstream.resume_reading()

    def timed_out(self) -> None:
        """Break the connection off."""
        self._close()
        self._connection.abort(reset=True)

    # called by the replica's side

    def response_received(self, data: bytes) -> None:
        """Send bytes to the client."""
        self._extend_deadline()
        self._connection.write(data)

    def upstream_lost(self, error: Exception | None) -> None:
        """Close the client's connection."""
        self._on_closed()
        self._connection.finish()

    def pause_sending(self) -> None:
        """Stop reading from the client."""
        self._connection.pause_reading()

    def resume_sending(self) -> None:
        """Continue to read from the client."""
        self._extend_deadline()
        self._connection.resume_reading()

    def _extend_deadline(self) -> None:
        self._connection.deadline.expire_in(self._idle)

    def _close(self) -> None:
        self._upstream.drop(flush=True)
        self._on_closed()
