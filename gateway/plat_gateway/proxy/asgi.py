"""Run the ASGI application for a request (ASGI 3, HTTP 2.3).

Its requests pass the same strict parser as calls of functions. Both bodies have backpressure. A
client that disconnects becomes `http.disconnect`; the application's task is not cancelled.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from plat_core.errors import PlatError, RequestTimedOut, Unavailable

from plat_gateway.proxy.chunks import encode, last_chunk
from plat_gateway.proxy.connection import ClientConnection
from plat_gateway.proxy.http_parser import TOKEN, RequestHead
from plat_gateway.proxy.limits import KIB, HttpLimits

log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
ASGIApp = Callable[
    [Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

_HEADER = re.compile(TOKEN + rb":[\t\x20-\x7e\x80-\xff]*+")
_READ_AHEAD = 64 * KIB


def http_scope(
    connection: ClientConnection, head: RequestHead, call_id: bytes, state: Any
) -> Scope:
    """Return the ASGI scope of a request; its `x-call-id` header is the response's, too."""
    raw_path, _, query = head.target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1" if head.http11 else "1.0",
        "method": head.method.decode(),
        "scheme": "http",
        "path": unquote(raw_path.decode("latin-1"), errors="replace"),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [*_headers(head), (b"x-call-id", call_id)],
        "client": connection.peer.socket_name,
        "server": connection.transport.get_extra_info("sockname")[:2],
        "state": dict(state),
    }


def _headers(head: RequestHead) -> Iterable[tuple[bytes, bytes]]:
    for line in head.shared.block.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if (lower := name.lower()) != b"x-call-id":
            yield lower, value.strip(b" \t")


class AsgiExchange:
    """One request to the application."""

    def __init__(
        self,
        app: ASGIApp,
        scope: Scope,
        connection: ClientConnection,
        head: RequestHead,
        call_id: bytes,
        limits: HttpLimits,
        on_task: Callable[[asyncio.Task[None]], None],
    ) -> None:
        self._app = app
        self._scope = scope
        self._connection = connection
        self._head = head
        self._call_id = call_id
        self._limits = limits
        self._on_task = on_task
        self._body: list[bytes] = []
        self._held_bytes = 0
        self._body_complete = False
        self._consumed = False
        self._disconnected = False
        self._awaits_continue = head.expects_continue
        self._changed = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._start: Message | None = None
        self._response_started = False
        self._complete = False
        self._chunked = False

    # called by the client's connection

    def start(self, content: bytes, *, ended: bool) -> None:
        """Run the application."""
        self._body_complete = ended
        self._add(content)
        self._update_deadline()
        self._on_task(asyncio.get_running_loop().create_task(self._run()))

    def body_received(self, content: bytes) -> None:
        """Queue a piece of the body for the application."""
        self._add(content)
        self._update_deadline()

    def body_ended(self) -> None:
        """Mark the body as complete."""
        self._body_complete = True
        self._changed.set()
        self._update_deadline()

    def body_failed(self, error: PlatError) -> None:
        """Send the error."""
        self._fail(error)

    def client_disconnected(self) -> None:
        """Send `http.disconnect` to the application."""
        self._disconnected = True
        self._changed.set()
        self._writable.set()

    def pause_writing(self) -> None:
        """Suspend the application's next `send`."""
        self._writable.clear()
        self._connection.deadline.expire_in(self._limits.stream_idle)

    def resume_writing(self) -> None:
        """Resume the application."""
        self._writable.set()
        self._update_deadline()

    def timed_out(self) -> None:
        """Fail: the client neither sends its body nor reads the response."""
        if self._response_started:
            self.client_disconnected()
            self._connection.abort()
        else:
            self._fail(RequestTimedOut("The request's body did not arrive in time."))

    def _add(self, content: bytes) -> None:
        if content and not self._disconnected:
            self._body.append(content)
            self._held_bytes += len(content)
            self._changed.set()
            if self._held_bytes > _READ_AHEAD:
                self._connection.pause_reading()

    def _update_deadline(self) -> None:
        waits = self._connection.is_awaiting_body and not self._awaits_continue
        self._connection.deadline.expire_in(self._limits.body_idle if waits else float("inf"))

    def _fail(self, error: PlatError) -> None:
        self.client_disconnected()
        if self._response_started:
            self._connection.abort()
        else:
            self._connection.send_error(error, self._head, self._call_id)

    # called by the application

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._receive, self._send)
        except Exception:
            if not self._disconnected:
                log.exception("call %s: the application failed", self._call_id.decode())
        if self._complete or self._disconnected:
            return
        if self._response_started:
            self.client_disconnected()
            self._connection.abort()
        else:
            self._fail(Unavailable("The gateway failed: see its log for this call."))

    async def _receive(self) -> Message:
        if self._awaits_continue and not self._body_complete and not self._response_started:
            self._awaits_continue = False
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._update_deadline()
        while not (self._disconnected or self._complete or (self._body and not self._consumed)):
            if self._body_complete and not self._consumed:
                break
            self._changed.clear()
            await self._changed.wait()
        if self._disconnected or self._complete or self._consumed:
            return {"type": "http.disconnect"}
        content, self._body, self._held_bytes = b"".join(self._body), [], 0
        self._connection.resume_reading()
        self._update_deadline()
        self._consumed = self._body_complete
        return {"type": "http.request", "body": content, "more_body": not self._body_complete}

    async def _send(self, message: Message) -> None:
        if self._disconnected:
            return
        kind = message["type"]
        if kind == "http.response.start" and self._start is None:
            self._start = message
        elif kind == "http.response.body" and self._start is not None and not self._complete:
            more = bool(message.get("more_body", False))
            self._write(bytes(message.get("body", b"")), self._start, more=more)
            await self._writable.wait()
        else:
            raise RuntimeError(f"unexpected ASGI message {kind}")

    def _write(self, content: bytes, start: Message, *, more: bool) -> None:
        data = b""
        if not self._response_started:
            data = self._response_head(start, content, more=more)
            self._response_started = True
        if not self._is_bodiless(start):
            data += encode(content) if self._chunked else content
            if self._chunked and not more:
                data += last_chunk(b"")
        connection = self._connection
        connection.write(data)
        if not more:
            self._complete = True
            self._changed.set()
            connection.finish()

    def _is_bodiless(self, start: Message) -> bool:
        return self._head.method == b"HEAD" or start["status"] in (204, 304)

    def _response_head(self, start: Message, content: bytes, *, more: bool) -> bytes:
        status, connection = int(start["status"]), self._connection
        lines, names = [b"HTTP/1.1 %d %b" % (status, _reason(status))], set()
        for name, value in start.get("headers", ()):
            line = bytes(name) + b": " + bytes(value)
            if not _HEADER.fullmatch(line):
                raise ValueError(f"invalid header: {line!r}")
            if name.lower() not in (b"connection", b"transfer-encoding"):
                names.add(name.lower())
                lines.append(line)
        if b"x-call-id" not in names:
            lines.append(b"X-Call-Id: " + self._call_id)
        if b"content-length" not in names and status not in (204, 304):
            if not more and self._head.method != b"HEAD":
                lines.append(b"Content-Length: %d" % len(content))
            elif self._head.http11 and self._head.method != b"HEAD":
                self._chunked = True
                lines.append(b"Transfer-Encoding: chunked")
            elif self._head.method != b"HEAD":
                connection.keep_alive = False
        if connection.closes_after_response:
            connection.keep_alive = False
            lines.append(b"Connection: close")
        elif not self._head.http11:
            lines.append(b"Connection: keep-alive")
        return b"\r\n".join(lines) + b"\r\n\r\n"


class Lifespan:
    """Startup and shutdown of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._replies: asyncio.Queue[Message | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.state: dict[str, Any] = {}

    async def startup(self) -> None:
        """Start the application; raise RuntimeError if it reports a failure."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        await self._send("startup")

    async def shutdown(self) -> None:
        """Shut the application down; raise RuntimeError if it reports a failure."""
        if self._task is not None and not self._task.done():
            await self._send("shutdown")
            await self._task

    async def _send(self, event: str) -> None:
        await self._events.put({"type": f"lifespan.{event}"})
        reply = await self._replies.get()
        if reply is not None and reply["type"] == f"lifespan.{event}.failed":
            raise RuntimeError(reply.get("message") or f"the application's {event} failed")

    async def _run(self) -> None:
        scope: Scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._app(scope, self._events.get, self._replies.put)
        except Exception:
            log.debug("the application does not support lifespan", exc_info=True)
        finally:
            await self._replies.put(None)


def _reason(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
