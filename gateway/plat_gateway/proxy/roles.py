"""Who takes part in a request, as its connection sees them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from plat_core.errors import PlatError

from plat_gateway.proxy.forwarding import Peer
from plat_gateway.proxy.heads import RequestHead
from plat_gateway.proxy.limits import Limits

if TYPE_CHECKING:
    from plat_gateway.proxy.connection import Connection


class Exchange(Protocol):
    """One request and its answer."""

    def start(self, content: bytes, *, ended: bool) -> None:
        """Begin, with what is there of the body."""

    def body_received(self, content: bytes) -> None:
        """More of the body."""

    def body_ended(self) -> None:
        """The body is complete; the connection has its trailers."""

    def body_failed(self, error: PlatError) -> None:
        """The body is broken; the connection closes after the answer."""

    def caller_gone(self) -> None:
        """The caller closed its connection."""

    def caller_full(self) -> None:
        """The caller reads slower than is written to it."""

    def caller_drained(self) -> None:
        """It may be written to again."""

    def expired(self) -> None:
        """The deadline that the exchange had set is over."""


class Service(Protocol):
    """What serves requests, and what all connections share."""

    limits: Limits
    draining: bool

    def joined(self, connection: Connection) -> None:
        """A connection was opened."""

    def left(self, connection: Connection) -> None:
        """It is gone."""

    def peer(self, transport: asyncio.Transport) -> Peer:
        """Who is at the other end."""

    def new_call_id(self) -> bytes:
        """An id for an answer to what is no request."""

    def body_limit(self, head: RequestHead) -> int | None:
        """How many bytes the body of this request may have."""

    def exchange(self, connection: Connection, head: RequestHead) -> Exchange | None:
        """Who answers this request; None where it has been answered already."""
