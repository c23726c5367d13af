"""Asynchronous handlers as ASGI applications, and the endpoint that serves every call.

A response with a known length must be complete within the timeout. A stream must only begin within
it. When the client disconnects, the application receives ``http.disconnect``, and its task is
cancelled.
"""

import asyncio
import contextlib
import inspect
import sys
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    MutableMapping,
)
from typing import Any

from plat_runtime import events
from plat_runtime.calls import Call, current
from plat_runtime.faults import user_traceback
from plat_runtime.logs import end_call
from plat_runtime.request import BadRequestError, Headers, Request
from plat_runtime.responses import HandlerResponse, chunk, error_response, to_response
from plat_runtime.wsgi import Probes

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

DISCONNECT_GRACE = 0.5
"""Seconds between ``http.disconnect`` and the cancellation of the application."""


async def request_of(scope: Scope, receive: Receive) -> Request:
    """Return the request of an ASGI scope, with its whole body."""
    call = current.get()
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return Request(
        method=scope["method"],
        path=scope["path"],
        query_string=scope["query_string"].decode("latin-1"),
        headers=Headers((n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]),
        body=b"".join(parts),
        call_id=call.id if call else "",
    )


def request_application(handler: Callable[[Request], Any]) -> Application:
    """Serve ``async def handler(request)``."""

    async def respond(request: Request) -> HandlerResponse:
        result = handler(request)
        return to_response(await result if inspect.isawaitable(result) else result)

    return _application(respond)


def event_application(
    handler: Callable[[Any, Any], Any], identity: events.FunctionIdentity
) -> Application:
    """Serve ``async def handler(event, context)``."""

    async def respond(request: Request) -> HandlerResponse:
        result = await handler(events.event_of(request), identity.context(request.call_id))
        return events.event_response(result)

    return _application(respond)


def _application(respond: Callable[[Request], Awaitable[HandlerResponse]]) -> Application:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"a handler answers HTTP, not {scope['type']}")
        reply = await respond(await request_of(scope, receive))
        await _send(reply, send, head=scope["method"] == "HEAD")

    return application


async def _send(reply: HandlerResponse, send: Send, *, head: bool = False) -> None:
    headers = [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if isinstance(reply.body, bytes):
        await send({"type": "http.response.body", "body": b"" if head else reply.body})
        return
    parts = reply.body if isinstance(reply.body, AsyncIterable) else _each(reply.body)
    async with contextlib.aclosing(_chunks(parts)) as chunks:
        async for part in chunks:
            await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _each(parts: Iterable[Any]) -> AsyncIterator[Any]:
    for part in parts:
        yield part


async def _chunks(parts: AsyncIterable[Any]) -> AsyncGenerator[bytes, None]:
    """Yield the parts as bytes; close the handler's generator when the client disconnects."""
    try:
        async for part in parts:
            yield chunk(part)
    finally:
        close = getattr(parts, "aclose", None)
        if close is not None:
            await close()


class AsgiEndpoint:
    """The ASGI application that the server calls."""

    def __init__(
        self, application: Application, probes: Probes, *, limit: int, timeout: float
    ) -> None:
        self._application = application
        self._probes = probes
        self._limit = limit
        self._timeout = timeout
        self._free = asyncio.Semaphore(limit)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        probe = self._probes(scope["path"]) if scope["type"] == "http" else None
        if probe is not None:
            status, word = probe
            await _send(to_response((word + "\n", status)), send, head=scope["method"] == "HEAD")
            return
        call = Call(_call_id(scope))
        current.set(call)
        try:
            await self._admit(call, scope, receive, send)
        finally:
            end_call(call)

    async def _admit(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
            return
        if self._free.locked() and self._waiting >= self._limit:
            reply = error_response(
                503, "this replica has all the calls it may run", call.id, Retry_After="1"
            )
            await _send(reply, send)
            return
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            await _AsgiCall(call, scope, receive, send, self._timeout).run(self._application)
        finally:
            self._free.release()

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._application(scope, receive, send)
        except Exception as error:
            sys.stderr.write(user_traceback(error))
            raise


def _call_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-call-id":
            return str(value.decode("latin-1"))
    return None


class _AsgiCall:
    """One HTTP call: runs the application in a task, with a timeout and a watch for disconnects."""

    def __init__(
        self, call: Call, scope: Scope, receive: Receive, send: Send, timeout: float
    ) -> None:
        self._call = call
        self._scope = scope
        self._receive_message = receive
        self._send_message = send
        self._timeout = timeout
        self._inbox: asyncio.Queue[Message] = asyncio.Queue(1)
        self._listening = 0
        self._whole = False
        self._disconnected = False
        self._timed_out = False
        self._started = False
        self._complete = False

    async def run(self, application: Application) -> None:
        """Run the application until it ends, its timeout, or the client's disconnect."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(_run(application, self._scope, self._receive, self._send))
        pump = loop.create_task(self._pump(task))
        self._alarm = loop.call_later(self._timeout, self._expire, task)
        try:
            await asyncio.wait([task])
        finally:
            self._alarm.cancel()
            pump.cancel()
            task.cancel()
        await self._conclude(task)

    async def _conclude(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled():
            if self._timed_out:
                sys.stderr.write(f"plat: the call was stopped after {self._timeout:g} s\n")
                message = f"the call took longer than its timeout of {self._timeout:g} s"
                await self._reply(error_response(504, message, self._call.id))
            return
        error = task.exception()
        if isinstance(error, BadRequestError):
            await self._reply(error_response(400, str(error), self._call.id))
        elif error is not None and not self._disconnected:
            sys.stderr.write(user_traceback(error))
            message = "the function raised an error; its log has the traceback"
            await self._reply(error_response(500, message, self._call.id))

    async def _reply(self, reply: HandlerResponse) -> None:
        """Send `reply`, unless a response has begun: the server then closes the connection."""
        if not self._started:
            await _send(reply, self._send_message)

    def _expire(self, task: "asyncio.Task[None]") -> None:
        self._timed_out = True
        task.cancel()

    async def _pump(self, task: "asyncio.Task[None]") -> None:
        """Forward messages one by one, to notice a disconnect while the application runs."""
        while not self._disconnected:
            message = await self._receive_message()
            self._disconnected = message["type"] == "http.disconnect"
            if self._disconnected and not self._complete:
                # an application that waits for a body must not mistake this for the end of the body
                patience = DISCONNECT_GRACE if self._listening and self._whole else 0
                asyncio.get_running_loop().call_later(patience, task.cancel)
            self._whole = not message.get("more_body", False)
            await self._inbox.put(message)

    async def _receive(self) -> Message:
        self._listening += 1
        try:
            return await self._inbox.get()
        finally:
            self._listening -= 1

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            if not any(name.lower() == b"content-length" for name, _ in message.get("headers", ())):
                self._alarm.cancel()
        elif message["type"] == "http.response.body" and not message.get("more_body"):
            # From here on the server reports the end of the call as a departure.
            self._complete = True
        await self._send_message(message)


async def _run(application: Application, scope: Scope, receive: Receive, send: Send) -> None:
    await application(scope, receive, send)
