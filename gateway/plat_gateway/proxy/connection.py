"""The server's side of HTTP/1.1: a caller's connection, its requests one after the other.

The connection reads heads and bodies and keeps the time; what becomes of a request is the
exchange's business.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import cast

from plat_core.errors import Malformed, PlatError, RequestTimedOut, TooLarge

from plat_gateway.proxy.answers import problem
from plat_gateway.proxy.chunks import ChunkDecoder
from plat_gateway.proxy.forwarding import Peer
from plat_gateway.proxy.heads import RequestFields, RequestHead, parse_request
from plat_gateway.proxy.limits import KIB
from plat_gateway.proxy.roles import Exchange, Service

PIPELINED_BYTES = 64 * KIB
"""How much of later requests is read ahead while one is being served."""
NEVER = float("inf")


class Connection(asyncio.Protocol):
    """A caller's connection."""

    __slots__ = (
        "_deadline",
        "_decoder",
        "_held",
        "_known",
        "_left",
        "_limit",
        "_lingering",
        "_loop",
        "_reading",
        "_service",
        "_serving",
        "_timer",
        "_timer_at",
        "body_open",
        "exchange",
        "full",
        "keep_alive",
        "peer",
        "trailers",
        "transport",
        "tunnelling",
    )

    peer: Peer
    transport: asyncio.Transport

    def __init__(self, service: Service, loop: asyncio.AbstractEventLoop) -> None:
        self._service = service
        self._loop = loop
        self._held = b""
        self._known: RequestFields | None = None
        self._left = 0
        self._limit: float = NEVER
        self._decoder: ChunkDecoder | None = None
        self._reading = True
        self._serving = False
        self._lingering = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = self._deadline = NEVER
        self.exchange: Exchange | None = None
        self.body_open = False
        self.full = False
        self.keep_alive = True
        self.trailers = b""
        self.tunnelling = False

    # the transport's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The caller is there."""
        self.transport = cast(asyncio.Transport, transport)
        self.peer = self._service.peer(self.transport)
        self.expire_in(self._service.limits.keep_alive)
        self._service.joined(self)

    def data_received(self, data: bytes) -> None:
        """It sent something."""
        if self.exchange is None:
            if not self._lingering:
                self._read_heads(data)
        elif self.body_open:
            self._read_body(data)
        elif self.tunnelling:
            self.exchange.body_received(data)
        else:
            self._held += data
            if len(self._held) > PIPELINED_BYTES:
                self.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone: what was done for it ends."""
        if self._timer is not None:
            self._timer.cancel()
        self._service.left(self)
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.caller_gone()

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self.full = True
        if self.exchange is not None:
            self.exchange.caller_full()

    def resume_writing(self) -> None:
        """The transport's buffer is nearly empty."""
        self.full = False
        if self.exchange is not None:
            self.exchange.caller_drained()
        else:
            self._next()

    # for exchanges

    @property
    def closes(self) -> bool:
        """Whether the connection ends with the answer under way, which then has to say so."""
        return not self.keep_alive or self.body_open or self._service.draining

    @property
    def awaits_body(self) -> bool:
        """Whether the caller is the one who is late: its body is read, and is not all there."""
        return self.body_open and self._reading

    def write(self, data: bytes) -> None:
        """Send; the exchange hears `caller_full` where it should wait."""
        self.transport.write(data)

    def finish(self) -> None:
        """The answer is complete: go on to the next request, or close."""
        self.exchange = None
        if self.closes:
            self.close(linger=self.body_open)
        elif not self._serving:
            self._next()

    def answer(
        self, error: PlatError, head: RequestHead, call_id: bytes, extra: bytes = b""
    ) -> None:
        """Answer with a problem document, and finish."""
        head_only = head.method == b"HEAD"
        self.write(problem(error, call_id, head_only=head_only, close=self.closes, extra=extra))
        self.finish()

    def abort(self, *, reset: bool = False) -> None:
        """End without a clean end: what was sent is not all.

        `reset`: for an answer that ends with the connection, where only a reset tells.
        """
        self.exchange = None
        sock = self.transport.get_extra_info("socket")
        if reset and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def close(self, *, linger: bool = False) -> None:
        """Close when all is sent.

        `linger`: the caller may still be sending; closing now would reset the connection and take
        the answer from it.
        """
        self.keep_alive = False
        if not linger or self.transport.is_closing():
            self.expire_in(self._service.limits.keep_alive)
            self.transport.close()
            return
        self._lingering = True
        self._held = b""
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.resume_reading()
        self.expire_in(self._service.limits.linger)

    def drain(self) -> None:
        """The server stops: an idle connection gets a last chance, then it closes."""
        if self.exchange is None:
            self.expire_in(min(1.0, max(0.0, self._deadline - time.monotonic())))

    def tunnel(self) -> bytes:
        """From now on bytes are bytes; returns those that came already."""
        self.tunnelling, self.keep_alive = True, False
        held, self._held = self._held, b""
        self.resume_reading()
        return held

    def pause_reading(self) -> None:
        """Read no more for the time being."""
        if self._reading and not self.transport.is_closing():
            self._reading = False
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if not self._reading and not self.transport.is_closing():
            self._reading = True
            self.transport.resume_reading()

    def expire_in(self, seconds: float) -> None:
        """Set the deadline. Moving it back costs nothing: the timer looks when it is due."""
        self._deadline = deadline = time.monotonic() + seconds
        if deadline < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = deadline
            self._timer = self._loop.call_later(seconds, self._look)

    @property
    def overdue(self) -> bool:
        """Whether the deadline has passed, though the timer may not have looked yet."""
        return time.monotonic() >= self._deadline

    # reading

    def _next(self) -> None:
        if self.full or self.exchange is not None or self.transport.is_closing():
            return
        self.resume_reading()
        self.expire_in(self._service.limits.keep_alive)
        if self._held:
            held, self._held = self._held, b""
            self._read_heads(held)

    def _read_heads(self, data: bytes) -> None:
        limits = self._service.limits
        if self._held:
            if b"\n" not in data and len(self._held) + len(data) <= limits.head_bytes:
                self._held += data
                return
            data = self._held + data
        self._serving = True
        while data and self.exchange is None and not self.full and not self._lingering:
            if data[:2] == b"\r\n":
                # RFC 9112 §2.2: an empty line before a request is to be ignored
                data = data[2:]
                continue
            try:
                head = parse_request(data, limits, self._known)
            except PlatError as error:
                self._reject(error)
                break
            if head is None:
                if not self._held:
                    self.expire_in(limits.header_time)
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
                self.expire_in(limits.keep_alive)
        self._serving = False

    def _serve(self, head: RequestHead, data: bytes) -> None:
        self._known = head.shared
        self.keep_alive = head.shared.keep_alive
        try:
            content = self._open_body(head, data)
        except (ValueError, PlatError) as error:
            self._reject(_broken(error))
            return
        exchange = self._service.exchange(self, head)
        if exchange is not None:
            self.exchange = exchange
            exchange.start(content, ended=not self.body_open)

    def _open_body(self, head: RequestHead, data: bytes) -> bytes:
        """Read what is there of the body; the rest of `data` belongs to later requests."""
        self.trailers = b""
        if head.length == 0:
            self._held = data[head.end :]
            return b""
        limit = self._service.body_limit(head)
        self._limit = NEVER if limit is None else limit
        self._decoder = ChunkDecoder() if head.length is None else None
        self._left = head.length or 0
        if self._left > self._limit:
            raise _too_large()
        self.body_open = True
        return self._content(data[head.end :])

    def _read_body(self, data: bytes) -> None:
        exchange = self.exchange
        assert exchange is not None  # noqa: S101 - the body belongs to it
        try:
            content = self._content(data)
        except (ValueError, PlatError) as error:
            exchange.body_failed(_broken(error))
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
            content = data[: self._left]
            self._left -= len(content)
            if not self._left:
                self.body_open, self._held = False, data[len(content) :]
        self._limit -= len(content)
        if self._limit < 0:
            raise _too_large()
        return content

    # time

    def _look(self) -> None:
        self._timer, self._timer_at = None, NEVER
        left = self._deadline - time.monotonic()
        if left > 0:
            if left != NEVER:
                self.expire_in(left)
        elif self.exchange is not None:
            self.exchange.expired()
        elif self._lingering or self.transport.is_closing():
            self.transport.abort()
        elif self._held:
            self._reject(RequestTimedOut("The request's head did not come in time."))
        else:
            self.transport.close()

    def _reject(self, error: PlatError) -> None:
        """Answer what is no request, and close: nobody knows where the next one would begin."""
        self.write(problem(error, self._service.new_call_id(), head_only=False, close=True))
        self.close(linger=True)


def _broken(error: ValueError | PlatError) -> PlatError:
    return error if isinstance(error, PlatError) else Malformed(f"The body is broken: {error}.")


def _too_large() -> PlatError:
    return TooLarge("The request's body is larger than is allowed here.")
