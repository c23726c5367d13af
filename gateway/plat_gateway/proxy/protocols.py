"""Interfaces between an exchange, its client and its upstream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from plat_core.errors import PlatError

from plat_gateway.proxy.connection_pool import UpstreamConnection
from plat_gateway.proxy.http_parser import ResponseHead


class Exchange(Protocol):
    """One request and its response, as the client's connection drives it."""

    def start(self, content: bytes, *, ended: bool) -> None:
        """Begin with the bytes of the body that arrived with the head."""

    def body_received(self, content: bytes) -> None:
        """Receive a piece of the body."""

    def body_ended(self) -> None:
        """Receive the end of the body; the connection has its trailers."""

    def body_failed(self, error: PlatError) -> None:
        """Receive an error in the body; the connection closes after the response."""

    def client_disconnected(self) -> None:
        """Stop: the client closed its connection."""

    def pause_writing(self) -> None:
        """Stop writing: the client reads more slowly than the response arrives."""

    def resume_writing(self) -> None:
        """Continue to write."""

    def timed_out(self) -> None:
        """Stop: the exchange's deadline has passed."""


class FunctionRequest(Protocol):
    """A request to a function, without its body."""

    @property
    def method(self) -> bytes:
        """Method of the request."""

    @property
    def target(self) -> bytes:
        """Target that the client requested, for the access log."""

    @property
    def length(self) -> int | None:
        """Length of the body; None if it is sent in chunks."""

    @property
    def upgrades(self) -> bool:
        """Whether the client requests a WebSocket."""

    @property
    def call_id(self) -> bytes:
        """Id of the call."""

    @property
    def client_address(self) -> str:
        """Address of the client, for the access log."""

    def head(self, *, authorization: bool) -> bytes:
        """Return the head to send; `authorization` includes the header of that name."""


class RequestBody(Protocol):
    """Source of a request's body."""

    @property
    def body_open(self) -> bool:
        """Whether the body is incomplete."""

    @property
    def is_awaiting_body(self) -> bool:
        """Whether the body is incomplete because the client has not sent it."""

    @property
    def trailers(self) -> bytes:
        """Trailer lines of the complete body, each after a CR LF."""

    def pause_reading(self) -> None:
        """Stop reading the body."""

    def resume_reading(self) -> None:
        """Continue to read the body."""


class ResponseSink(Protocol):
    """Destination of a function's response.

    The calls come in this order: any number of `interim`; then `head`, which `body` or `end`
    follows at once; then `end` and `finish`, or `abort`. Instead of `head` and all that follows,
    there may be one call of `fail` or `upgrade`.
    """

    def interim(self, head: ResponseHead) -> None:
        """Send an interim (1xx) response."""

    def head(self, head: ResponseHead) -> None:
        """Begin the response; its head may be sent with the next call."""

    def body(self, content: bytes) -> None:
        """Send a piece of the body, which may be empty."""

    def end(self, content: bytes, trailers: bytes) -> None:
        """Send the last piece of the body, which may be empty, and the trailer lines."""

    def finish(self) -> None:
        """Continue with the client's next request: the function's slot is free."""

    def abort(self) -> None:
        """Break the response off, so that a part of it is never mistaken for all."""

    def fail(self, error: PlatError) -> None:
        """Send an error of the platform as the complete response."""

    def upgrade(
        self,
        head: ResponseHead,
        data: bytes,
        upstream: UpstreamConnection,
        *,
        idle: float,
        on_closed: Callable[[], None],
    ) -> None:
        """Connect client and upstream, with the upstream's first `data`.

        The connection ends after `idle` seconds without a byte. `on_closed` is called at its end.
        """
