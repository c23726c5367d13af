"""The server side of HTTP/1.1: a client's connection and its requests, one after the other.

The connection parses heads and bodies and has the deadline. An exchange handles each request.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Protocol, cast

from plat_core.errors import Malformed, PlatError, RequestTimedOut, TooLarge

from plat_gateway.proxy.chunks import ChunkDecoder
from plat_gateway.proxy.deadlines import NEVER, Deadline
from plat_gateway.proxy.error_responses import error_response
from plat_gateway.proxy.forwarding import ClientPeer
from plat_gateway.proxy.http_parser import RequestFields, RequestHead, parse_request
from plat_gateway.proxy.limits import KIB, HttpLimits
from plat_gateway.proxy.protocols import Exchange

PIPELINED_BYTES = 64 * KIB
"""Bytes of later requests to read ahead while one is in progress."""


class ConnectionHandler(Protocol):
    """Owner of the connections: limits, and an exchange for each request."""

    limits: HttpLimits
    draining: bool

    def connection_opened(self, connection: ClientConnection) -> None:
        """Register a connection."""

    def connection_closed(self, connection: ClientConnection) -> None:
        """Remove a connection."""

    def peer(self, transport: asyncio.Transport) -> ClientPeer:
        """Return the client's end of the connection."""

    def new_call_id(self) -> bytes:
        """Return an id for the response to a malformed request."""

    def max_body_bytes(self, head: RequestHead) -> int | None:
        """Return the limit of this request's body; None for no limit."""

    def create_exchange(self, connection: ClientConnection, head: RequestHead) -> Exchange | None:
        """Return the exchange for a request; None if the response has been sent."""


class ClientConnection(asyncio.Protocol):
    """A client's connection."""

    __slots__ = (
        "_decoder",
        "_fields",
        "_handler",
        "_held",
        "_lingering",
        "_max_remaining",
        "_parsing",
        "_reading",
        "_remaining",
        "_tunnelling",
        "_writing_paused",
        "body_open",
        "deadline",
        "exchange",
        "keep_alive",
        "peer",
        "trailers",
        "transport",
    )

    peer: ClientPeer
    transport: asyncio.Transport

    def __init__(self, handler: ConnectionHandler, loop: asyncio.AbstractEventLoop) -> None:
        self._handler = handler
        self._held = b""
        self._fields: RequestFields | None = None
        self._remaining = 0
        self._max_remaining: float = NEVER
        self._decoder: ChunkDecoder | None = None
        self._reading = True
        self._parsing = False
        self._lingering = False
        self._tunnelling = False
        self._writing_paused = False
        self.deadline = Deadline(loop, self._on_deadline)
        self.exchange: Exchange | None = None
        self.body_open = False
        self.keep_alive = True
        self.trailers = b""

    # called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        self.transport = cast(asyncio.Transport, transport)
        self.peer = self._handler.peer(self.transport)
        self.deadline.expire_in(self._handler.limits.keep_alive)
        self._handler.connection_opened(self)

    def data_received(self, data: bytes) -> None:
        """Parse heads and bodies, or pass bytes to a tunnel."""
        if self.exchange is None:
            if not self._lingering:
                self._read_heads(data)
        elif self.body_open:
            self._read_body(data)
        elif self._tunnelling:
            self.exchange.body_received(data)
        else:
            self._held += data
            if len(self._held) > PIPELINED_BYTES:
                self.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the exchange."""
        self.deadline.cancel()
        self._handler.connection_closed(self)
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.client_disconnected()

    def pause_writing(self) -> None:
        """Pause the exchange: the transport's buffer is full."""
        self._writing_paused = True
        if self.exchange is not None:
            self.exchange.pause_writing()

    def resume_writing(self) -> None:
        """Resume the exchange, or read the next request."""
        self._writing_paused = False
        if self.exchange is not None:
            self.exchange.resume_writing()
        else:
            self._read_next()

    # called by exchanges

    @property
    def closes_after_response(self) -> bool:
        """Whether the response needs `Connection: close`."""
        return not self.keep_alive or self.body_open or self._handler.draining

    @property
    def is_awaiting_body(self) -> bool:
        """Whether the body is incomplete because the client has not sent it."""
        return self.body_open and self._reading

    def write(self, data: bytes) -> None:
        """Send bytes; the transport calls `pause_writing` if the client reads too slowly."""
        self.transport.write(data)

    def finish(self) -> None:
        """Read the next request after a complete response, or close."""
        self.exchange = None
        if self.closes_after_response:
            self.close(linger=self.body_open)
        elif not self._parsing:
            self._read_next()

    def send_error(
        self, error: PlatError, head: RequestHead, call_id: bytes, extra: bytes = b""
    ) -> None:
        """Send a problem document as the response."""
        head_only, close = head.method == b"HEAD", self.closes_after_response
        self.write(error_response(error, call_id, head_only=head_only, close=close, extra=extra))
        self.finish()

    def abort(self, *, reset: bool = False) -> None:
        """Close the connection in the middle of a response.

        `reset` sends a TCP reset. A response that ends with the connection needs it: a normal
        close would look like the end of the response.
        """
        self.exchange = None
        sock = self.transport.get_extra_info("socket")
        if reset and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def close(self, *, linger: bool = False) -> None:
        """Close once all bytes are sent.

        `linger` discards what the client still sends for a while. Closing at once would reset the
        connection, and the client could lose the response (RFC 9112, section 9.6).
        """
        self.keep_alive = False
        if not linger or self.transport.is_closing():
            self.deadline.expire_in(self._handler.limits.keep_alive)
            self.transport.close()
            return
        self._lingering = True
        self._held = b""
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.resume_reading()
        self.deadline.expire_in(self._handler.limits.linger)

    def shut_down(self) -> None:
        """Close an idle connection within a second: a request may be on its way."""
        if self.exchange is None:
            self.deadline.expire_in(min(1.0, max(0.0, self.deadline.remaining)))

    def start_tunnel(self, tunnel: Exchange) -> bytes:
        """Pass all further bytes to `tunnel`; return those that are here."""
        self.exchange = tunnel
        self._tunnelling, self.keep_alive = True, False
        held, self._held = self._held, b""
        self.resume_reading()
        return held

    def pause_reading(self) -> None:
        """Stop reading."""
        if self._reading and not self.transport.is_closing():
            self._reading = False
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Continue to read."""
        if not self._reading and not self.transport.is_closing():
            self._reading = True
            self.transport.resume_reading()

    # parsing

    def _read_next(self) -> None:
        if self._writing_paused or self.exchange is not None or self.transport.is_closing():
            return
        self.resume_reading()
        self.deadline.expire_in(self._handler.limits.keep_alive)
        if self._held:
            held, self._held = self._held, b""
            self._read_heads(held)

    def _read_heads(self, data: bytes) -> None:
        limits = self._handler.limits
        if self._held:
            if b"\n" not in data and len(self._held) + len(data) <= limits.head_bytes:
                self._held += data
                return
            data = self._held + data
        self._parsing = True
        while data and self.exchange is None and not self._writing_paused and not self._lingering:
            if data[:2] == b"\r\n":
                # RFC 9112, section 2.2: ignore an empty line before a request
                data = data[2:]
                continue
            try:
                head = parse_request(data, limits, self._fields)
            except PlatError as error:
                self._reject(error)
                break
            if head is None:
                if not self._held:
                    self.deadline.expire_in(limits.header_time)
                self._held = data
                break
            self._held = b""
            self._serve(head, data)
            if not self.keep_alive and self.exchange is None:
                break
            data, self._held = self._held, b""
        else:
            self._held = data
            if self.exchange is None:
                self.deadline.expire_in(limits.keep_alive)
        self._parsing = False

    def _serve(self, head: RequestHead, data: bytes) -> None:
        self._fields = head.shared
        self.keep_alive = head.shared.keep_alive
        try:
            content = self._open_body(head, data)
        except (ValueError, PlatError) as error:
            self._reject(_body_error(error))
            return
        exchange = self._handler.create_exchange(self, head)
        if exchange is not None:
            self.exchange = exchange
            exchange.start(content, ended=not self.body_open)

    def _open_body(self, head: RequestHead, data: bytes) -> bytes:
        """Return the part of the body in `data`, and hold the bytes of later requests."""
        self.trailers = b""
        if head.length == 0:
            self._held = data[head.end :]
            return b""
        max_bytes = self._handler.max_body_bytes(head)
        self._max_remaining = NEVER if max_bytes is None else max_bytes
        self._decoder = ChunkDecoder() if head.length is None else None
        self._remaining = head.length or 0
        if self._remaining > self._max_remaining:
            raise _too_large()
        self.body_open = True
        return self._content(data[head.end :])

    def _read_body(self, data: bytes) -> None:
        exchange = self.exchange
        assert exchange is not None  # noqa: S101 - an open body has an exchange
        try:
            content = self._content(data)
        except (ValueError, PlatError) as error:
            exchange.body_failed(_body_error(error))
            return
        if content:
            exchange.body_received(content)
        if not self.body_open and self.exchange is exchange:
            exchange.body_ended()

    def _content(self, data: bytes) -> bytes:
        decoder = self._decoder
        if decoder is not None:
            content = decoder.feed(data)
            if decoder.done:
                self.body_open, self._held, self.trailers = False, decoder.rest, decoder.trailers
        else:
            content = data[: self._remaining]
            self._remaining -= len(content)
            if not self._remaining:
                self.body_open, self._held = False, data[len(content) :]
        self._max_remaining -= len(content)
        if self._max_remaining < 0:
            raise _too_large()
        return content

    # errors

    def _on_deadline(self) -> None:
        if self.exchange is not None:
            self.exchange.timed_out()
        elif self._lingering or self.transport.is_closing():
            self.transport.abort()
        elif self._held:
            self._reject(RequestTimedOut("The request's head did not arrive in time."))
        else:
            self.transport.close()

    def _reject(self, error: PlatError) -> None:
        """Send an error and close: the start of the next request is unknown."""
        call_id = self._handler.new_call_id()
        self.write(error_response(error, call_id, head_only=False, close=True))
        self.close(linger=True)


def _body_error(error: ValueError | PlatError) -> PlatError:
    return error if isinstance(error, PlatError) else Malformed(f"The body is malformed: {error}.")


def _too_large() -> PlatError:
    return TooLarge("The request's body exceeds the limit.")
