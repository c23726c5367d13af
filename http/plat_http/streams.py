"""Responses that last: lines and events, sent as they happen until the client disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from plat_core.errors import Unavailable
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

T = TypeVar("T")
Ends = set[asyncio.Future[Any]]

HEARTBEAT = 15.0
"""Seconds without data before a heartbeat is sent, so that proxies keep the connection open."""


class ClientDisconnected(Unavailable):
    """The client disconnected before its response; no one receives this error."""


class LiveResponse(Response):
    """Send `chunks` until they end.

    The response also ends when the client disconnects, when `closing` is set, or after `lifetime`
    seconds. `chunks` are closed in each case. `received` is set once the request body is read
    completely, if `chunks` read it: until then nothing else may call `receive`.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        media_type: str,
        *,
        heartbeat: bytes,
        lifetime: float | None = None,
        closing: asyncio.Event | None = None,
        received: asyncio.Event | None = None,
    ) -> None:
        super().__init__(media_type=media_type)
        del self.headers["content-length"]
        self._chunks = chunks
        self._heartbeat = heartbeat
        self._lifetime = lifetime
        self._closing = closing or asyncio.Event()
        self._received = received

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the first of these ends."""
        start = {"status": self.status_code, "headers": self.raw_headers}
        disconnect = asyncio.ensure_future(disconnected(receive, self._received))
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            async with aclosing(self._chunks):
                await send({"type": "http.response.start", **start})
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._lifetime):
                        await self._pump({disconnect, closing}, send)
                if not disconnect.done():
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            for task in (disconnect, closing):
                task.cancel()
            await asyncio.gather(disconnect, closing, return_exceptions=True)

    async def _pump(self, ends: Ends, send: Send) -> None:
        while not any(end.done() for end in ends):
            chunk = await self._next(ends, send)
            if not chunk:
                return
            await _send_body(send, chunk)

    async def _next(self, ends: Ends, send: Send) -> bytes:
        """Return the next chunk, or an empty one at the end or when one of `ends` is done."""
        chunk: asyncio.Future[bytes] = asyncio.ensure_future(anext(self._chunks, b""))
        try:
            while not chunk.done():
                await asyncio.wait(
                    {chunk, *ends}, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED
                )
                if any(end.done() for end in ends):
                    return b""
                if not chunk.done():
                    await _send_body(send, self._heartbeat)
            return chunk.result()
        finally:
            chunk.cancel()
            await asyncio.gather(chunk, return_exceptions=True)


async def while_connected(
    receive: Receive, work: Coroutine[Any, Any, T], received: asyncio.Event | None = None
) -> T:
    """Return the result of `work`, or cancel it and raise ClientDisconnected.

    `received` is the event of `LiveResponse`.
    """
    task = asyncio.ensure_future(work)
    disconnect = asyncio.ensure_future(disconnected(receive, received))
    try:
        await asyncio.wait({task, disconnect}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnected("the client disconnected")
        return task.result()
    finally:
        for each in (task, disconnect):
            each.cancel()
        await asyncio.gather(task, disconnect, return_exceptions=True)


async def disconnected(receive: Receive, received: asyncio.Event | None = None) -> None:
    """Return when the client disconnects; call `receive` only after `received` is set."""
    if received is not None:
        await received.wait()
    while (await receive())["type"] != "http.disconnect":
        continue


async def _send_body(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
