"""One call of a function: its request to a replica, and the response to a sink.

The warm path needs no task: it takes a free slot and an open connection. Otherwise
`acquire_upstream` waits for them. The function's `timeout` covers the call until the response
begins. Afterwards, and while the request's body is arriving, it limits the time without a byte.
Event streams and WebSockets have the longer idle limit instead.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from plat_core.errors import PlatError, RequestTimedOut
from plat_core.services.router import Lease, RouteEntry
from plat_http.statuses import status_of

from plat_gateway.proxy.call_records import bad_response, record_of, timed_out
from plat_gateway.proxy.chunks import encode, last_chunk
from plat_gateway.proxy.connection_pool import UpstreamConnection
from plat_gateway.proxy.data_path import DataPath
from plat_gateway.proxy.deadlines import Deadline
from plat_gateway.proxy.forwarding import trailer_lines
from plat_gateway.proxy.framing import ResponseBody, has_body
from plat_gateway.proxy.http_parser import ResponseHead, parse_response
from plat_gateway.proxy.limits import KIB
from plat_gateway.proxy.protocols import FunctionRequest, RequestBody, ResponseSink
from plat_gateway.proxy.upstreams import acquire_upstream

CLIENT_CLOSED_REQUEST: Final = 499
"""Status that a call is counted under if its client disconnected (nginx's convention)."""
_REPEATABLE: Final = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"})
_READ_AHEAD: Final = 64 * KIB
"""Bytes of a body to read while no replica is available."""


class FunctionExchange:
    """A call of a function, from its head to the last byte of the response."""

    __slots__ = (
        "_body_complete",
        "_closed",
        "_data_path",
        "_deadline",
        "_entry",
        "_held",
        "_idle",
        "_lease",
        "_needs_new_connection",
        "_partial_head",
        "_request",
        "_response",
        "_sink",
        "_source",
        "_started",
        "_status",
        "_task",
        "_upstream",
    )

    def __init__(
        self,
        data_path: DataPath,
        entry: RouteEntry,
        request: FunctionRequest,
        source: RequestBody,
        sink: ResponseSink,
        deadline: Deadline,
    ) -> None:
        self._data_path = data_path
        self._entry = entry
        self._request = request
        self._source = source
        self._sink = sink
        self._deadline = deadline
        self._started = time.monotonic()
        self._idle = entry.route.timeout
        self._lease: Lease | None = None
        self._upstream: UpstreamConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._held = b""
        self._body_complete = False
        self._needs_new_connection = False
        self._partial_head = b""
        self._response: ResponseBody | None = None
        self._status = 0
        self._closed = False

    # called by the client's side

    def start(self, content: bytes, *, ended: bool) -> None:
        """Send the request to a replica, immediately if one has a free slot."""
        self._held, self._body_complete = content, ended
        self._extend_deadline()
        lease = self._lease = self._data_path.router.lease(self._entry)
        if lease is not None:
            upstream = self._data_path.pools.of(lease.endpoint.address).acquire()
            if upstream is not None:
                self._send(upstream)
                return
        self._start_acquiring()

    def body_received(self, content: bytes) -> None:
        """Send a piece of the body."""
        self._extend_deadline()
        if self._upstream is None:
            self._held += content
            # pausing reads hides disconnects, so pause only past the limit
            if len(self._held) > _READ_AHEAD:
                self._source.pause_reading()
        else:
            chunked = self._request.length is None
            self._upstream.transport.write(encode(content) if chunked else content)

    def body_ended(self) -> None:
        """End the request."""
        self._body_complete = True
        self._extend_deadline()
        if self._upstream is not None and self._request.length is None:
            self._upstream.transport.write(self._last_chunk())

    def body_failed(self, error: PlatError) -> None:
        """Close the upstream without a clean end of the request, and send the error."""
        self._fail(error)

    def client_disconnected(self) -> None:
        """Cancel the call."""
        self._close(CLIENT_CLOSED_REQUEST)

    def pause_writing(self) -> None:
        """Stop reading from the replica."""
        if self._upstream is not None:
            self._upstream.pause_reading()

    def resume_writing(self) -> None:
        """Continue to read from the replica."""
        self._extend_deadline()
        if self._upstream is not None:
            self._upstream.resume_reading()

    def timed_out(self) -> None:
        """Fail the call, or break its response off."""
        if self._upstream is not None and self._source.is_awaiting_body:
            self._fail(RequestTimedOut("The request's body did not arrive in time."))
        else:
            self._fail(timed_out(self._entry.route))

    # the request

    def _start_acquiring(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._acquire())

    async def _acquire(self) -> None:
        """Wait for a slot and a connection, then send the request."""
        lease, self._lease = self._lease, None
        remaining = self._remaining()
        # `Router.wait` must time out first: it knows the reason
        self._deadline.expire_in(remaining + 1.0)
        try:
            self._lease, upstream = await acquire_upstream(
                self._data_path.router,
                self._data_path.pools,
                self._entry,
                lease,
                new_connection=self._needs_new_connection,
                max_wait=remaining,
                held_bytes=len(self._held) + (0 if self._body_complete else _READ_AHEAD),
            )
        except PlatError as error:
            self._task = None
            self._fail(error)
            return
        self._task = None
        remaining = self._remaining()
        if self._source.body_open:
            remaining = min(remaining, self._data_path.limits.body_idle)
        self._deadline.expire_in(remaining)
        self._send(upstream)

    def _remaining(self) -> float:
        """Return the seconds that are left of the function's timeout."""
        return max(0.0, self._entry.route.timeout - (time.monotonic() - self._started))

    def _send(self, upstream: UpstreamConnection) -> None:
        self._upstream = upstream
        upstream.receiver = self
        request = self._request
        data = request.head(authorization=self._entry.route.forward_authorization)
        content, self._held = self._held, b""
        if request.length is None:
            data += encode(content) + (self._last_chunk() if self._body_complete else b"")
        elif content:
            data += content
        self._source.resume_reading()
        upstream.transport.write(data)

    def _last_chunk(self) -> bytes:
        return last_chunk(trailer_lines(self._source.trailers))

    def pause_sending(self) -> None:
        """Stop reading from the client."""
        self._source.pause_reading()

    def resume_sending(self) -> None:
        """Continue to read from the client."""
        self._extend_deadline()
        self._source.resume_reading()

    # the response

    def response_received(self, data: bytes) -> None:
        """Pass bytes of the response on."""
        if self._response is not None:
            self._forward(self._response, data)
        elif self._deadline.remaining <= 0:
            # the replica has the same timeout, and its own error may arrive before the timer fires
            self.timed_out()
        else:
            self._read_heads(self._partial_head + data if self._partial_head else data)

    def _read_heads(self, data: bytes) -> None:
        """Read interim responses and the head of the final one."""
        upstream = self._upstream
        while data and upstream is not None:
            try:
                head = parse_response(data, self._data_path.limits, upstream.last_head)
            except ValueError as error:
                self._fail(bad_response(self._entry.route, f"its response {error}"))
                return
            if head is None:
                break
            data = data[head.end :]
            if head.status >= 200 or head.status == 101:
                upstream.last_head = head
                self._begin(upstream, head, data)
                return
            self._sink.interim(head)
        self._partial_head = data

    def _begin(self, upstream: UpstreamConnection, head: ResponseHead, data: bytes) -> None:
        """Begin the response with the bytes of the body that arrived with its head."""
        limits = self._data_path.limits
        if head.status != 101:
            self._status = head.status
            self._sink.head(head)
            if len(data) == head.length and has_body(self._request.method, head.status):
                # most responses arrive in one piece, which needs no state
                self._complete(data, b"", clean=True)
                return
            self._response = body = ResponseBody(head, self._request.method)
            if head.is_event_stream:
                self._idle = limits.stream_idle
            self._forward(body, data)
        elif not self._request.upgrades:
            reason = "it switched protocols without a request to do so"
            self._fail(bad_response(self._entry.route, reason))
        else:
            self._upstream = None
            self._sink.upgrade(
                head, data, upstream, idle=limits.stream_idle, on_closed=lambda: self._close(101)
            )

    def _forward(self, body: ResponseBody, data: bytes) -> None:
        try:
            content = body.read(data)
        except ValueError:
            self._abort()
            return
        if body.done:
            self._complete(content, body.trailers, clean=body.clean)
        else:
            self._extend_deadline()
            self._sink.body(content)

    def _complete(self, content: bytes, trailers: bytes, *, clean: bool) -> None:
        """Send the last of the response; keep the upstream connection if it can be reused."""
        self._sink.end(content, trailer_lines(trailers) if trailers else trailers)
        upstream = self._upstream
        if upstream is not None and clean and self._body_complete and upstream.is_reusable:
            upstream.release()
            self._upstream = None
        self._close(self._status)
        self._sink.finish()

    def upstream_lost(self, error: Exception | None) -> None:
        """Retry, complete, fail or break off: the replica closed the connection."""
        upstream, self._upstream = self._upstream, None
        body = self._response
        if body is not None:
            if body.ends_with_connection and error is None:
                self._complete(b"", b"", clean=True)
            else:
                self._abort()
        elif upstream is not None and upstream.reused and self._is_repeatable():
            # the replica may have closed all of its idle connections
            self._needs_new_connection = True
            self._start_acquiring()
        else:
            self._fail(
                bad_response(self._entry.route, "it closed the connection without a response")
            )

    def _is_repeatable(self) -> bool:
        request = self._request
        return request.method in _REPEATABLE and request.length == 0 and not self._partial_head

    # the end

    def _extend_deadline(self) -> None:
        idle = self._idle
        if self._response is None and self._source.body_open:
            idle = min(idle, self._data_path.limits.body_idle)
        self._deadline.expire_in(idle)

    def _abort(self) -> None:
        self._close(self._status)
        self._sink.abort()

    def _fail(self, error: PlatError) -> None:
        """Send an error, or break the response off if it has begun."""
        if self._response is not None:
            self._abort()
            return
        self._close(status_of(error.code))
        self._sink.fail(error)

    def _close(self, status: int) -> None:
        """Release the replica and count the call; later calls have no effect."""
        if self._closed:
            return
        self._closed = True
        if self._task is not None:
            self._task.cancel()
        if self._upstream is not None:
            self._upstream.drop()
            self._upstream = None
        if self._lease is not None:
            self._lease.release()
        duration = time.monotonic() - self._started
        self._entry.counters.observe(status, duration)
        if self._data_path.on_call is not None:
            self._data_path.on_call(record_of(self._entry.route, self._request, status, duration))
