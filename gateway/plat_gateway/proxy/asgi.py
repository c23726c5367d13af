"""The bridge to the application: one request as an ASGI `http` scope (ASGI 3, HTTP 2.3).

What the application gets has passed the same strict grammar as a function's call. Bodies flow both
ways with backpressure; a caller that leaves is told to the application as `http.disconnect`, which
alone ends its work.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from plat_core.errors import PlatError, RequestTimedOut, Unavailable

from plat_gateway.proxy.chunks import encode, last_chunk
from plat_gateway.proxy.http_parser import TOKEN, RequestHead
from plat_gateway.proxy.limits import KIB, HttpLimits

if TYPE_CHECKING:
    from plat_gateway.proxy.connection import ClientConnection

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
    """The ASGI scope of a request; its `x-call-id` is the id that the answer will carry."""
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
    """One request that the application answers."""

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
        self._held = 0
        self._whole = False
        self._consumed = False
        self._gone = False
        self._awaits_continue = head.expects_continue
        self._moved = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._start: Message | None = None
        self._answering = False
        self._complete = False
        self._chunked = False

    # the caller's side

    def start(self, content: bytes, *, ended: bool) -> None:
        """Run the application."""
        self._whole = ended
        self._add(content)
        self._watch()
        self._on_task(asyncio.get_running_loop().create_task(self._run()))

    def body_received(self, content: bytes) -> None:
        """More of the body."""
        self._add(content)
        self._watch()

    def body_ended(self) -> None:
        """The body is complete."""
        self._whole = True
        self._moved.set()
        self._watch()

    def body_failed(self, error: PlatError) -> None:
        """The body is broken."""
        self._refuse(error)

    def client_disconnected(self) -> None:
        """Let the application know."""
        self._gone = True
        self._moved.set()
        self._writable.set()

    def pause_writing(self) -> None:
        """Let the application wait."""
        self._writable.clear()
        self._connection.deadline.expire_in(self._limits.stream_idle)

    def resume_writing(self) -> None:
        """Let it go on."""
        self._writable.set()
        self._watch()

    def timed_out(self) -> None:
        """The caller neither sends its body nor reads the answer."""
        if self._answering:
            self.client_disconnected()
            self._connection.abort()
        else:
            self._refuse(RequestTimedOut("The request's body did not come in time."))

    def _add(self, content: bytes) -> None:
        if content and not self._gone:
            self._body.append(content)
            self._held += len(content)
            self._moved.set()
            if self._held > _READ_AHEAD:
                self._connection.pause_reading()

    def _watch(self) -> None:
        waits = self._connection.is_awaiting_body and not self._awaits_continue
        self._connection.deadline.expire_in(self._limits.body_idle if waits else float("inf"))

    def _refuse(self, error: PlatError) -> None:
        self.client_disconnected()
        if self._answering:
            self._connection.abort()
        else:
            self._connection.send_error(error, self._head, self._call_id)

    # the application's side

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._receive, self._send)
        except Exception:
            if not self._gone:
                log.exception("call %s: the application failed", self._call_id.decode())
        if self._complete or self._gone:
            return
        if self._answering:
            self.client_disconnected()
            self._connection.abort()
        else:
            self._refuse(Unavailable("The gateway could not answer: see its log for this call."))

    async def _receive(self) -> Message:
        if self._awaits_continue and not self._whole and not self._answering:
            self._awaits_continue = False
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._watch()
        while not (self._gone or self._complete or (self._body and not self._consumed)):
            if self._whole and not self._consumed:
                break
            self._moved.clear()
            await self._moved.wait()
        if self._gone or self._complete or self._consumed:
            return {"type": "http.disconnect"}
        content, self._body, self._held = b"".join(self._body), [], 0
        self._connection.resume_reading()
        self._watch()
        self._consumed = self._whole
        return {"type": "http.request", "body": content, "more_body": not self._whole}

    async def _send(self, message: Message) -> None:
        if self._gone:
            return
        kind = message["type"]
        if kind == "http.response.start" and self._start is None:
            self._start = message
        elif kind == "http.response.body" and self._start is not None and not self._complete:
            more = bool(message.get("more_body", False))
            self._write(bytes(message.get("body", b"")), self._start, more=more)
            await self._writable.wait()
        else:
            raise RuntimeError(f"{kind} is not due")

    def _write(self, content: bytes, start: Message, *, more: bool) -> None:
        data = b""
        if not self._answering:
            data = self._response_head(start, content, more=more)
            self._answering = True
        if not self._is_bodiless(start):
            data += encode(content) if self._chunked else content
            if self._chunked and not more:
                data += last_chunk(b"")
        connection = self._connection
        connection.write(data)
        if not more:
            self._complete = True
            self._moved.set()
            connection.finish()

    def _is_bodiless(self, start: Message) -> bool:
        return self._head.method == b"HEAD" or start["status"] in (204, 304)

    def _response_head(self, start: Message, content: bytes, *, more: bool) -> bytes:
        status, connection = int(start["status"]), self._connection
        lines, names = [b"HTTP/1.1 %d %b" % (status, _reason(status))], set()
        for name, value in start.get("headers", ()):
            line = bytes(name) + b": " + bytes(value)
            if not _HEADER.fullmatch(line):
                raise ValueError(f"not a header: {line!r}")
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
    """The application's start and end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._answers: asyncio.Queue[Message | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.state: dict[str, Any] = {}

    async def startup(self) -> None:
        """Start it; raises RuntimeError where it says that it could not."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        await self._tell("startup")

    async def shutdown(self) -> None:
        """End it; raises RuntimeError where it says that it could not."""
        if self._task is not None and not self._task.done():
            await self._tell("shutdown")
            await self._task

    async def _tell(self, event: str) -> None:
        await self._events.put({"type": f"lifespan.{event}"})
        answer = await self._answers.get()
        if answer is not None and answer["type"] == f"lifespan.{event}.failed":
            raise RuntimeError(answer.get("message") or f"the application's {event} failed")

    async def _run(self) -> None:
        scope: Scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._app(scope, self._events.get, self._answers.put)
        except Exception:
            log.debug("the application has no lifespan", exc_info=True)
        finally:
            await self._answers.put(None)


def _reason(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
