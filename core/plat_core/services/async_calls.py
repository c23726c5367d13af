"""Asynchronous calls for their clients: accept, inspect, wait for and cancel them.

`dispatcher` sends them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from plat_core.errors import CallNotOver, NoResult
from plat_core.fix import Fix
from plat_core.model.calls import (
    OVER,
    Call,
    CallQuery,
    CallRequest,
    CallResponse,
    CallState,
    QueueBound,
)
from plat_core.model.names import FunctionRef
from plat_core.ports import CallStore

POLL: Final = 1.0
"""Interval (s) of reading an awaited call from the store: another gateway may have finished it."""


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """The limits of asynchronous calls, in seconds, bytes and counts.

    `queue` limits the unfinished calls of one function, `queue_bytes` their requests. A call is
    given up after `attempts`; between them the delay doubles from `backoff` to `max_backoff`. A
    gateway that does not renew within `lease` counts as dead. Finished calls are stored for
    `retention`. One gateway sends up to `max_concurrency` calls at a time.
    """

    queue: int = 10_000
    queue_bytes: int = 256 * 1024 * 1024
    attempts: int = 8
    backoff: float = 1.0
    max_backoff: float = 60.0
    lease: float = 15.0
    retention: float = 86_400.0
    max_concurrency: int = 32


class AsyncCalls:
    """Accepts calls and returns their results.

    `wake` is set when a call may be due.
    """

    def __init__(
        self,
        store: CallStore,
        *,
        policy: CallPolicy,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.wake = asyncio.Event()
        self._store = store
        self._policy = policy
        self._now = now
        self._awaited: dict[str, list[asyncio.Event]] = {}
        self._closed = False

    async def accept(self, call_id: str, ref: FunctionRef, request: CallRequest) -> Call:
        """Enqueue a call; it is durable once this returns. Raises Overloaded, Unavailable."""
        now = self._now()
        call = Call(call_id, ref, request.method, request.path, created=now, due=now)
        bound = QueueBound(self._policy.queue, self._policy.queue_bytes)
        await self._store.add(call, request, bound)
        self.wake.set()
        return call

    async def get(self, call_id: str, *, within: float = 0.0) -> Call:
        """Return a call once it has ended, or after `within` seconds; raise CallNotFound."""
        finished = asyncio.Event()
        self._awaited.setdefault(call_id, []).append(finished)
        end = asyncio.get_running_loop().time() + within
        try:
            while (call := await self._store.get(call_id)).state not in OVER:
                left = end - asyncio.get_running_loop().time()
                if left <= 0 or self._closed:
                    break
                await _wait(finished, min(left, POLL))
            return call
        finally:
            self._awaited[call_id].remove(finished)
            if not self._awaited[call_id]:
                del self._awaited[call_id]

    async def list(self, query: CallQuery) -> Sequence[Call]:
        """Return the matching calls, newest first."""
        return await self._store.list(query)

    async def unfinished(self) -> Mapping[tuple[FunctionRef, CallState], int]:
        """Count the queued and running calls of each function; raises Unavailable."""
        return await self._store.unfinished()

    async def result(self, call_id: str) -> CallResponse:
        """Return the function's response.

        Raises CallNotFound, CallNotOver, and NoResult for a call that ended without a response.
        """
        call = await self._store.get(call_id)
        if call.state not in OVER:
            raise CallNotOver(
                f"the call {call_id} is still {call.state}",
                fix=Fix("wait-for-result", {"id": call_id}),
                retry_after=POLL,
            )
        response = await self._store.response(call_id)
        if response is None:
            why = call.failure.message if call.failure else "it was cancelled before it ran"
            raise NoResult(
                f"the call {call_id} has no result: {why}",
                fix=Fix("describe-function", {"name": call.ref.name}),
            )
        return response

    async def cancel(self, call_id: str) -> Call:
        """Cancel a queued call; raises CallNotFound, Conflict."""
        call = await self._store.cancel(call_id, self._now())
        self.notify(call_id)
        return call

    def close(self) -> None:
        """End every waiting `get`, because the gateway stops; clients retry elsewhere."""
        self._closed = True
        for call_id in self._awaited:
            self.notify(call_id)

    def notify(self, call_id: str) -> None:
        """Wake every `get` that waits for a call, because it ended."""
        for finished in self._awaited.get(call_id, ()):
            finished.set()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
