"""Answers that go on: lines and events, sent as they happen while somebody listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from plat_core.errors import Unavailable
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from plat_gateway.services import Services

T = TypeVar("T")
Ends = set[asyncio.Future[Any]]

HEARTBEAT = 15.0
"""Seconds of silence after which a sign of life is sent, so that proxies keep the connection."""


class ClientGone(Unavailable):
    """The caller left before its answer; nobody reads this error."""


class LiveResponse(Response):
    """Sends `chunks` until they end, the caller leaves, the gateway stops or `lifetime` is over.

    In each case the source is closed before the response returns. Where the source still reads the
    request, `received` is set once it has all of it; before that nobody else may listen to it.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        media_type: str,
        *,
        heartbeat: bytes,
        lifetime: float,
        received: asyncio.Event | None = None,
    ) -> None:
        super().__init__(media_type=media_type)
        del self.headers["content-length"]
        self._chunks = chunks
        self._heartbeat = heartbeat
        self._lifetime = lifetime
        self._received = received

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until one of the three ends."""
        start = {"status": self.status_code, "headers": self.raw_headers}
        services: Services = scope["app"].state.services
        gone = asyncio.ensure_future(disconnected(receive, self._received))
        closing = asyncio.ensure_future(services.closing.wait())
        try:
            async with aclosing(self._chunks):
                await send({"type": "http.response.start", **start})
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._lifetime):
                        await self._pump({gone, closing}, send)
                if not gone.done():
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            for each in (gone, closing):
                each.cancel()
            await asyncio.gather(gone, closing, return_exceptions=True)

    async def _pump(self, ends: Ends, send: Send) -> None:
        while not any(end.done() for end in ends):
            chunk = await self._next(ends, send)
            if not chunk:
                return
            await _body(send, chunk)

    async def _next(self, ends: Ends, send: Send) -> bytes:
        """The next chunk; empty at the end, or when one of `ends` came."""
        chunk: asyncio.Future[bytes] = asyncio.ensure_future(anext(self._chunks, b""))
        try:
            while not chunk.done():
                await asyncio.wait(
                    {chunk, *ends}, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED
                )
                if any(end.done() for end in ends):
                    return b""
                if not chunk.done():
                    await _body(send, self._heartbeat)
            return chunk.result()
        finally:
            chunk.cancel()
            await asyncio.gather(chunk, return_exceptions=True)


async def while_connected(
    receive: Receive, work: Coroutine[Any, Any, T], received: asyncio.Event | None = None
) -> T:
    """The result of `work`, which is cancelled when the caller leaves. Raises ClientGone."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(disconnected(receive, received))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGone("the caller left")
        return task.result()
    finally:
        for each in (task, gone):
            each.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def disconnected(receive: Receive, received: asyncio.Event | None = None) -> None:
    """Return when the caller has left; listens only once `received` is set, if it is given."""
    if received is not None:
        await received.wait()
    while (await receive())["type"] != "http.disconnect":
        continue


async def close(source: AsyncIterator[object]) -> None:
    """End an iterator early, with everything it started."""
    if isinstance(source, AsyncGenerator):
        await source.aclose()


async def _body(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
