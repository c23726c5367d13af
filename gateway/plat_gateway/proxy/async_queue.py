"""Accept asynchronous calls: store the request and respond with 202.

Paths and authorisation are those of synchronous calls. The headers are filtered here, because the
client's address and token are known only now.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Final

from plat_core.errors import (
    NotSupported,
    Overloaded,
    PlatError,
    RequestTimedOut,
    TooLarge,
    Unavailable,
)
from plat_core.model.calls import CallRequest
from plat_core.model.names import FunctionRef
from plat_core.services.router import RouteEntry

from plat_gateway.proxy.connection import ClientConnection
from plat_gateway.proxy.forwarding import header_pairs, request_lines
from plat_gateway.proxy.http_parser import RequestHead
from plat_gateway.proxy.limits import MIB
from plat_gateway.proxy.paths import PREFIX, function_path
from plat_gateway.proxy.proxy import FunctionProxy

log = logging.getLogger(__name__)

ASYNC_PREFIX: Final = b"/async-function/"
_FRAMING: Final = re.compile(rb"\r\n(?i:content-length|expect|upgrade):[^\r]*")
_MAX_HELD_BYTES: Final = 64 * MIB
"""Total bytes of bodies that are not stored yet."""
NO_DATABASE: Final = "asynchronous calls need a database, and this gateway has none"
NO_DATABASE_FIX: Final = (
    "set DATABASE_URL=postgresql://user:password@host:5432/name for the gateway "
    "(in the chart: database.urlSecret)"
)

Accept = Callable[[str, FunctionRef, CallRequest], Awaitable[object]]
"""Stores a call; the call is durable once this returns."""


class AsyncCallQueue:
    """Creates an exchange for each request under `/async-function/`.

    `accept` stores a call; None if the gateway has no database. `max_body_bytes` limits the body of
    a request. `held_bytes` is the total size of the bodies that are being received.
    """

    def __init__(self, proxy: FunctionProxy, accept: Accept | None, *, max_body_bytes: int) -> None:
        self.accept = accept
        self.max_body_bytes = max_body_bytes
        self.body_idle = proxy.limits.body_idle
        self.held_bytes = 0
        self._proxy = proxy

    def create_exchange(
        self, connection: ClientConnection, head: RequestHead
    ) -> AsyncCallExchange | None:
        """Return the exchange for a request; None if the response has been sent."""
        proxy = self._proxy
        call_id = proxy.ids.new()
        extra, preflight = proxy.cors(head, call_id)
        if preflight is not None:
            connection.write(preflight)
            connection.finish()
            return None
        try:
            segment, path = function_path(PREFIX + head.target[len(ASYNC_PREFIX) :])
            entry = proxy.authorized(segment, connection, head)
            if self.accept is None:
                raise NotSupported(NO_DATABASE, fix=NO_DATABASE_FIX)
        except PlatError as error:
            connection.send_error(error, head, call_id, extra)
            return None
        return AsyncCallExchange(self, connection, head, entry, path, call_id, extra)


class AsyncCallExchange:
    """One request that is stored as a call."""

    def __init__(
        self,
        queue: AsyncCallQueue,
        connection: ClientConnection,
        head: RequestHead,
        entry: RouteEntry,
        path: bytes,
        call_id: bytes,
        extra: bytes,
    ) -> None:
        self._queue = queue
        self._connection = connection
        self._head = head
        self._entry = entry
        self._path = path
        self._call_id = call_id
        self._extra = extra
        self._body = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def start(self, content: bytes, *, ended: bool) -> None:
        """Begin to receive the body."""
        if not ended and self._head.expects_continue:
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.body_received(content)
        if ended:
            self.body_ended()

    def body_received(self, content: bytes) -> None:
        """Receive a piece of the body; the connection enforces its limit."""
        self._body += content
        self._queue.held_bytes += len(content)
        self._connection.deadline.expire_in(self._queue.body_idle)
        if self._queue.held_bytes > _MAX_HELD_BYTES:
            message = "The gateway is receiving too many asynchronous calls."
            self._fail(Overloaded(message, fix="try again in a moment", retry_after=1.0))

    def body_ended(self) -> None:
        """Store the call."""
        if self._closed:
            return
        self._connection.deadline.expire_in(float("inf"))
        self._task = asyncio.get_running_loop().create_task(self._store())

    def body_failed(self, error: PlatError) -> None:
        """Send the error; nothing is stored."""
        if isinstance(error, TooLarge):
            error = TooLarge(
                f"The body of an asynchronous call has at most {self._queue.max_body_bytes} bytes.",
                fix="send what is larger to /function/, or send a link to it",
            )
        self._fail(error)

    def client_disconnected(self) -> None:
        """Release the body; a call that is being stored is still stored."""
        self._close()

    def pause_writing(self) -> None:
        """Do nothing: the response is small."""

    def resume_writing(self) -> None:
        """Do nothing: the response is small."""

    def timed_out(self) -> None:
        """Fail: the body did not arrive."""
        self._fail(RequestTimedOut("The request's body did not arrive in time."))

    async def _store(self) -> None:
        assert self._queue.accept is not None  # noqa: S101 - see `AsyncCallQueue.create_exchange`
        ref, call_id = self._entry.route.ref, self._call_id.decode()
        try:
            await self._queue.accept(call_id, ref, self._request())
        except PlatError as error:
            self._fail(error)
        except Exception:
            log.exception("failed to store call %s", call_id)
            self._fail(Unavailable("The call could not be stored: see the gateway's log."))
        else:
            self._respond(ref, call_id)
        finally:
            self._close()

    def _request(self) -> CallRequest:
        head, connection = self._head, self._connection
        lines = request_lines(head, authorization=self._entry.route.forward_authorization)
        lines = _FRAMING.sub(b"", lines) + connection.peer.forwarding_lines(head)
        if b"host" not in head.fields:
            lines += b"\r\nHost: localhost"
        if b"traceparent" in head.fields:
            lines += b"\r\ntraceparent: " + head.fields[b"traceparent"]
        method, path = head.method.decode(), self._path.decode("latin-1")
        return CallRequest(method, path, header_pairs(lines), bytes(self._body))

    def _respond(self, ref: FunctionRef, call_id: str) -> None:
        if self._closed:
            return
        location = f"/calls/{call_id}"
        document = {"id": call_id, "function": ref.segment, "state": "queued", "url": location}
        body = json.dumps(document | {"result": f"{location}/result"}).encode() + b"\n"
        connection = self._connection
        closing = b"Connection: close\r\n" if connection.closes_after_response else b""
        head = (
            b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
            b"X-Call-Id: %b\r\nX-Plat-Answer: accepted\r\nLocation: %b\r\n"
            b"Cache-Control: no-store\r\n%b%b\r\n"
            % (len(body), self._call_id, location.encode(), closing, self._extra)
        )
        connection.write(head if self._head.method == b"HEAD" else head + body)
        connection.finish()

    def _fail(self, error: PlatError) -> None:
        if not self._closed:
            self._connection.send_error(error, self._head, self._call_id, self._extra)
            self._close()

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            self._queue.held_bytes -= len(self._body)
