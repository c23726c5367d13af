"""One call of a function: the caller's request to a replica, its answer back.

The warm path runs without a task: a free slot and an open connection are there, or `_reach` goes
and gets them. `timeout` covers the call until its answer begins; after that, and while a body is
still being sent, it bounds the time without a byte. Event streams and WebSockets have the longer
idle limit instead.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from plat_core.errors import PlatError, RequestTimedOut
from plat_core.services.router import Lease, RouteEntry

from plat_gateway.proxy.chunks import ChunkDecoder, encode, last_chunk
from plat_gateway.proxy.forwarding import request_lines, response_lines, trailer_lines
from plat_gateway.proxy.heads import RequestHead, ResponseHead, parse_response
from plat_gateway.proxy.identity import traceparent
from plat_gateway.proxy.limits import KIB
from plat_gateway.proxy.reach import reach
from plat_gateway.proxy.records import CallRecord, bad_answer, timed_out

if TYPE_CHECKING:
    from plat_gateway.proxy.connection import Connection
    from plat_gateway.proxy.pool import Upstream
    from plat_gateway.proxy.proxy import Proxy

CALLER_GONE: Final = 499
"""The status under which a call is counted whose caller left."""
_BODILESS: Final = frozenset({204, 304})
_REPEATABLE: Final = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"})
_HELD_BYTES: Final = 64 * KIB
"""How much of a body is read ahead of a replica that is not there yet."""


class FunctionExchange:
    """A call of a function, from its head to the last byte of its answer."""

    __slots__ = (
        "_answer",
        "_call_id",
        "_chunked_out",
        "_connection",
        "_decoder",
        "_entry",
        "_extra",
        "_fresh",
        "_held",
        "_idle",
        "_lease",
        "_left",
        "_over",
        "_partial",
        "_path",
        "_proxy",
        "_started",
        "_status",
        "_task",
        "_upstream",
        "_whole",
        "head",
    )

    def __init__(
        self,
        proxy: Proxy,
        connection: Connection,
        head: RequestHead,
        entry: RouteEntry,
        path: bytes,
        call_id: bytes,
        extra: bytes,
    ) -> None:
        self.head = head
        self._proxy = proxy
        self._connection = connection
        self._entry = entry
        self._path = path
        self._call_id = call_id
        self._extra = extra
        self._started = time.monotonic()
        self._idle = entry.route.timeout
        self._lease: Lease | None = None
        self._upstream: Upstream | None = None
        self._task: asyncio.Task[None] | None = None
        self._held = b""
        self._whole = False
        self._fresh = False
        self._partial = b""
        self._answer: ResponseHead | None = None
        self._status = 0
        self._left: int | None = None
        self._decoder: ChunkDecoder | None = None
        self._chunked_out = False
        self._over = False

    # the caller's side

    def start(self, content: bytes, *, ended: bool) -> None:
        """Send the request to a replica, at once where there is one."""
        self._held, self._whole = content, ended
        self._touch()
        lease = self._proxy.router.lease(self._entry)
        if lease is not None:
            self._lease = lease
            upstream = self._proxy.pools.of(lease.endpoint.address).take()
            if upstream is not None:
                self._send(upstream)
                return
        self._task = asyncio.get_running_loop().create_task(self._reach())

    def body_received(self, content: bytes) -> None:
        """Pass a piece of the body on; the bytes of a tunnel are one, too."""
        self._touch()
        if self._upstream is None:
            # a caller whose reading is paused cannot be seen to leave, so this comes late
            self._held += content
            if len(self._held) > _HELD_BYTES:
                self._connection.pause_reading()
        elif self._connection.tunnelling or self.head.length is not None:
            self._upstream.transport.write(content)
        else:
            self._upstream.transport.write(encode(content))

    def body_ended(self) -> None:
        """End the request."""
        self._whole = True
        self._touch()
        if self._upstream is not None and self.head.length is None:
            self._upstream.transport.write(self._end())

    def body_failed(self, error: PlatError) -> None:
        """Let the function see that the request broke off."""
        self._fail(error)

    def caller_gone(self) -> None:
        """Stop what the replica does for nobody."""
        self._drop(self._status if self._connection.tunnelling else CALLER_GONE)

    def caller_full(self) -> None:
        """Read no more from the replica for the time being."""
        if self._upstream is not None and not self._upstream.transport.is_closing():
            self._upstream.transport.pause_reading()

    def caller_drained(self) -> None:
        """Read on."""
        self._touch()
        if self._upstream is not None and not self._upstream.transport.is_closing():
            self._upstream.transport.resume_reading()

    def expired(self) -> None:
        """Nothing happened for as long as is allowed."""
        if self._answer is not None:
            self._abort()
        elif self._upstream is not None and self._connection.awaits_body:
            self._fail(RequestTimedOut("The request's body did not come in time."))
        else:
            self._fail(timed_out(self._entry.route))

    # towards the replica

    async def _reach(self) -> None:
        """Get a slot and a connection: wait, wake, dial, and try elsewhere what fails."""
        lease, self._lease = self._lease, None
        timeout = self._entry.route.timeout
        left = max(0.0, timeout - (time.monotonic() - self._started))
        # who waits for a slot is told why there was none: that deadline comes before this one
        self._connection.expire_in(left + 1.0)
        size = len(self._held) + (0 if self._whole else _HELD_BYTES)
        try:
            self._lease, upstream = await reach(
                self._proxy.router,
                self._proxy.pools,
                self._entry,
                lease,
                fresh=self._fresh,
                seconds=left,
                size=size,
            )
        except PlatError as error:
            self._task = None
            self._fail(error)
        else:
            self._task = None
            left = max(0.0, timeout - (time.monotonic() - self._started))
            awaits = self._connection.body_open
            self._connection.expire_in(min(left, self._proxy.limits.body_idle) if awaits else left)
            self._send(upstream)

    def _send(self, upstream: Upstream) -> None:
        self._upstream = upstream
        upstream.caller = self
        request = self._request()
        content, self._held = self._held, b""
        if self.head.length is None:
            request += encode(content) + (self._end() if self._whole else b"")
        elif content:
            request += content
        self._connection.resume_reading()
        upstream.transport.write(request)

    def _request(self) -> bytes:
        head, call_id = self.head, self._call_id
        authorization = self._entry.route.forward_authorization
        lines = head.shared.passed.get(authorization)
        if lines is None:
            lines = head.shared.passed[authorization] = self._lines(authorization=authorization)
        return b"%b %b HTTP/1.1%b\r\nX-Call-Id: %b\r\ntraceparent: %b\r\n\r\n" % (
            head.method,
            self._path,
            lines,
            call_id,
            traceparent(head.fields.get(b"traceparent"), call_id, self._proxy.ids),
        )

    def _lines(self, *, authorization: bool) -> bytes:
        head = self.head
        lines = request_lines(head, authorization=authorization)
        lines += self._connection.peer.lines(head)
        if head.length is None:
            lines += b"\r\nTransfer-Encoding: chunked"
        elif head.upgrades:
            lines += b"\r\nConnection: Upgrade\r\nUpgrade: websocket"
        if b"host" not in head.fields:
            lines += b"\r\nHost: localhost"
        return lines

    def _end(self) -> bytes:
        return last_chunk(trailer_lines(self._connection.trailers))

    def upstream_full(self) -> None:
        """Read no more from the caller for the time being."""
        self._connection.pause_reading()

    def upstream_drained(self) -> None:
        """Read on."""
        self._touch()
        self._connection.resume_reading()

    # the replica's side

    def answer_received(self, data: bytes) -> None:
        """Bytes of the answer."""
        if self._answer is not None:
            self._touch()
            self._pass(data)
            return
        if self._connection.overdue:
            # a replica keeps the same time, and may say so before the timer here has looked
            self.expired()
            return
        if self._partial:
            data = self._partial + data
        upstream = self._upstream
        while data and upstream is not None:
            try:
                head = parse_response(data, self._proxy.limits, upstream.known)
            except ValueError as error:
                self._fail(bad_answer(self._entry.route, f"its answer is {error}"))
                return
            if head is None:
                break
            data = data[head.end :]
            if head.status >= 200 or head.status == 101:
                upstream.known = head
                self._begin(head, data)
                return
            if self.head.http11:
                self._connection.write(response_lines(head) + b"\r\n\r\n")
        self._partial = data

    def upstream_lost(self, error: Exception | None) -> None:
        """The replica closed the connection, or died."""
        upstream, self._upstream = self._upstream, None
        if self._answer is None:
            if upstream is not None and upstream.reused and self._is_repeatable():
                # what was kept may all be dead by now
                self._fresh = True
                self._task = asyncio.get_running_loop().create_task(self._reach())
            else:
                self._fail(
                    bad_answer(self._entry.route, "it closed the connection without an answer")
                )
        elif self._connection.tunnelling:
            self._finish()
        elif self._left is None and self._decoder is None and error is None:
            self._complete(b"")
        else:
            self._abort()

    def _is_repeatable(self) -> bool:
        return self.head.method in _REPEATABLE and self.head.length == 0 and not self._partial

    def _begin(self, head: ResponseHead, rest: bytes) -> None:
        """Pass the head of the answer on, with what is there of the body."""
        self._answer = head
        self._status = head.status
        connection, request = self._connection, self.head
        if head.status == 101:
            self._open_tunnel(head, rest)
            return
        framing = b""
        if head.length is None or request.method == b"HEAD" or head.status in _BODILESS:
            framing = self._frame(head)
        else:
            self._left = head.length
        if self._extra:
            framing += self._extra_lines(head)
        if connection.closes:
            connection.keep_alive = False
            framing += b"\r\nConnection: close"
        elif not request.http11:
            framing += b"\r\nConnection: keep-alive"
        if head.is_event_stream:
            self._idle = self._proxy.limits.stream_idle
        data = b"%b\r\nX-Call-Id: %b%b\r\n\r\n" % (response_lines(head), self._call_id, framing)
        if self._left == len(rest):
            self._complete(data + rest)
            return
        self._touch()
        self._pass(rest, data)

    def _frame(self, head: ResponseHead) -> bytes:
        """Choose how the caller is to know where the body ends."""
        if self.head.method == b"HEAD" or head.status in _BODILESS:
            self._left = 0
            return b""
        if head.chunked:
            self._decoder = ChunkDecoder()
        if not self.head.http11:
            self._connection.keep_alive = False
            return b""
        self._chunked_out = True
        return b"\r\nTransfer-Encoding: chunked"

    def _extra_lines(self, head: ResponseHead) -> bytes:
        if not self._extra or b"access-control-allow-origin" in head.fields:
            return b""
        return b"\r\n" + self._extra[:-2]

    def _open_tunnel(self, head: ResponseHead, rest: bytes) -> None:
        upstream = self._upstream
        if not self.head.upgrades or upstream is None:
            self._answer = None
            self._fail(
                bad_answer(self._entry.route, "it switched to a protocol that nobody asked for")
            )
            return
        self._idle = self._proxy.limits.stream_idle
        self._touch()
        self._connection.write(
            b"%b\r\nX-Call-Id: %b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n%b"
            % (response_lines(head), self._call_id, rest)
        )
        if sent := self._connection.tunnel():
            upstream.transport.write(sent)

    def _pass(self, data: bytes, head: bytes = b"") -> None:
        """Pass a piece of the body on, in the framing that the caller understands."""
        connection = self._connection
        if connection.tunnelling:
            connection.write(data)
        elif self._left is not None:
            content = data[: self._left]
            self._left -= len(content)
            if self._left:
                connection.write(head + content)
            else:
                self._complete(head + content, clean=len(content) == len(data))
        elif self._decoder is not None:
            self._pass_chunks(data, head, self._decoder)
        else:
            connection.write(head + (encode(data) if self._chunked_out else data))

    def _pass_chunks(self, data: bytes, head: bytes, decoder: ChunkDecoder) -> None:
        try:
            content = decoder.feed(data)
        except ValueError:
            self._abort()
            return
        if self._chunked_out:
            content = encode(content)
        if decoder.done:
            self._complete(head + content, clean=not decoder.rest)
        elif head or content:
            self._connection.write(head + content)

    def _complete(self, data: bytes, *, clean: bool = True) -> None:
        """Write the last of the answer; the connection to the replica is kept if it is clean."""
        if self._chunked_out:
            decoder = self._decoder
            data += last_chunk(trailer_lines(decoder.trailers) if decoder is not None else b"")
        self._connection.write(data)
        upstream, answer = self._upstream, self._answer
        if upstream is not None:
            if clean and self._whole and answer is not None and answer.keep_alive:
                if self._connection.full:
                    upstream.transport.resume_reading()
                upstream.release()
            else:
                upstream.drop()
            self._upstream = None
        self._finish()

    # the end

    def _touch(self) -> None:
        """Something moved: the time without a byte begins anew."""
        connection, idle = self._connection, self._idle
        if connection.body_open and self._answer is None:
            idle = min(idle, self._proxy.limits.body_idle)
        connection.expire_in(idle)

    def _finish(self) -> None:
        self._drop(self._status)
        self._connection.finish()

    def _abort(self) -> None:
        """Break the answer off, so that nobody takes a part of it for all."""
        self._drop(self._status)
        framed = self._chunked_out or self._left is not None
        self._connection.abort(reset=not framed)

    def _fail(self, error: PlatError) -> None:
        """Answer in the function's place, where its own answer has not begun."""
        if self._answer is not None:
            self._abort()
            return
        self._drop(error.status)
        self._connection.answer(error, self.head, self._call_id, self._extra)

    def _drop(self, status: int) -> None:
        """Let go of the replica and count the call."""
        if self._over:
            return
        self._over = True
        if self._task is not None:
            self._task.cancel()
        if self._upstream is not None:
            self._upstream.drop(flush=self._connection.tunnelling)
            self._upstream = None
        if self._lease is not None:
            self._lease.release()
        seconds = time.monotonic() - self._started
        self._entry.counters.observe(status, seconds)
        if self._proxy.on_call is not None:
            self._proxy.on_call(self._record(status, seconds))

    def _record(self, status: int, seconds: float) -> CallRecord:
        return CallRecord(
            ref=self._entry.route.ref,
            call_id=self._call_id.decode(),
            method=self.head.method.decode(),
            target=self.head.target.decode("latin-1"),
            status=status,
            seconds=seconds,
            address=self._connection.peer.client(self.head),
        )
