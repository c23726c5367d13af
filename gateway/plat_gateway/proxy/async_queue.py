"""The door for calls that nobody waits for: the request is stored, and answered with 202.

It reads the same paths as the data path and asks the same of the caller; what the function will
see of the headers is decided here, with who sent them and how.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

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

from plat_gateway.proxy.forwarding import header_pairs, request_lines
from plat_gateway.proxy.http_parser import RequestHead
from plat_gateway.proxy.limits import MIB
from plat_gateway.proxy.paths import PREFIX, function_path

if TYPE_CHECKING:
    from plat_gateway.proxy.connection import ClientConnection
    from plat_gateway.proxy.proxy import FunctionProxy

log = logging.getLogger(__name__)

ASYNC_PREFIX: Final = b"/async-function/"
_FRAMING: Final = re.compile(rb"\r\n(?i:content-length|expect|upgrade):[^\r]*")
_HELD_BYTES: Final = 64 * MIB
"""How much is held at a time of bodies that are not stored yet."""
NO_DATABASE: Final = "asynchronous calls need a database, and this gateway has none"
NO_DATABASE_FIX: Final = (
    "set DATABASE_URL=postgresql://user:password@host:5432/name for the gateway "
    "(in the chart: database.urlSecret)"
)

Accept = Callable[[str, FunctionRef, CallRequest], Awaitable[object]]
"""Stores a call; it is durable when that returns."""


class AsyncCallQueue:
    """Begins an exchange for each request under `/async-function/`.

    `accept` stores a call, None where there is nowhere to; `body_bytes` bounds a request's body.
    """

    def __init__(self, proxy: FunctionProxy, accept: Accept | None, *, body_bytes: int) -> None:
        self.accept = accept
        self.body_bytes = body_bytes
        self.body_idle = proxy.limits.body_idle
        self.held = 0
        self._proxy = proxy

    def create_exchange(
        self, connection: ClientConnection, head: RequestHead
    ) -> AsyncCallExchange | None:
        """Who answers this request; None where it has been answered already."""
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
    """One call on its way into the store."""

    def __init__(
        self,
        intake: AsyncCallQueue,
        connection: ClientConnection,
        head: RequestHead,
        entry: RouteEntry,
        path: bytes,
        call_id: bytes,
        extra: bytes,
    ) -> None:
        self._intake = intake
        self._connection = connection
        self._head = head
        self._entry = entry
        self._path = path
        self._call_id = call_id
        self._extra = extra
        self._body = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._gone = False

    def start(self, content: bytes, *, ended: bool) -> None:
        """Begin to collect the body."""
        if not ended and self._head.expects_continue:
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.body_received(content)
        if ended:
            self.body_ended()

    def body_received(self, content: bytes) -> None:
        """More of the body; the connection keeps it within the bound."""
        self._body += content
        self._intake.held += len(content)
        self._connection.deadline.expire_in(self._intake.body_idle)
        if self._intake.held > _HELD_BYTES:
            told = "Too many bodies of asynchronous calls are on their way at once."
            self._refuse(Overloaded(told, fix="try again in a moment", retry_after=1.0))

    def body_ended(self) -> None:
        """Store the call."""
        if self._gone:
            return
        self._connection.deadline.expire_in(float("inf"))
        self._task = asyncio.get_running_loop().create_task(self._store())

    def body_failed(self, error: PlatError) -> None:
        """Nothing is stored of half a request."""
        if isinstance(error, TooLarge):
            error = TooLarge(
                f"The body of an asynchronous call has at most {self._intake.body_bytes} bytes.",
                fix="send what is larger to /function/, or send a link to it",
            )
        self._refuse(error)

    def client_disconnected(self) -> None:
        """It hears no answer; a call that is being stored is stored all the same."""
        self._end()

    def pause_writing(self) -> None:
        """The answer is small, and is the only one."""

    def resume_writing(self) -> None:
        """See `pause_writing`."""

    def timed_out(self) -> None:
        """The body did not come."""
        self._refuse(RequestTimedOut("The request's body did not come in time."))

    async def _store(self) -> None:
        assert self._intake.accept is not None  # noqa: S101 - see `AsyncCallQueue.exchange`
        ref, call_id = self._entry.route.ref, self._call_id.decode()
        try:
            await self._intake.accept(call_id, ref, self._request())
        except PlatError as error:
            self._refuse(error)
        except Exception:
            log.exception("call %s could not be stored", call_id)
            self._refuse(Unavailable("The call could not be stored: see the gateway's log."))
        else:
            self._answer(ref, call_id)
        finally:
            self._end()

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

    def _answer(self, ref: FunctionRef, call_id: str) -> None:
        if self._gone:
            return
        where = f"/calls/{call_id}"
        document = {"id": call_id, "function": ref.segment, "state": "queued", "url": where}
        body = json.dumps(document | {"result": f"{where}/result"}).encode() + b"\n"
        connection = self._connection
        closing = b"Connection: close\r\n" if connection.closes_after_response else b""
        head = (
            b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
            b"X-Call-Id: %b\r\nX-Plat-Answer: accepted\r\nLocation: %b\r\n"
            b"Cache-Control: no-store\r\n%b%b\r\n"
            % (len(body), self._call_id, where.encode(), closing, self._extra)
        )
        connection.write(head if self._head.method == b"HEAD" else head + body)
        connection.finish()

    def _refuse(self, error: PlatError) -> None:
        if not self._gone:
            self._connection.send_error(error, self._head, self._call_id, self._extra)
            self._end()

    def _end(self) -> None:
        if not self._gone:
            self._gone = True
            self._intake.held -= len(self._body)
