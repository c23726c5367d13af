"""Asynchronous calls as callers see them: taken in, looked at, waited for, cancelled.

The other half, which sends them, is `dispatch`.
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
    CallAnswer,
    CallQuery,
    CallRequest,
    CallState,
    QueueBound,
)
from plat_core.model.names import FunctionRef
from plat_core.ports import CallStore

LOOK: Final = 1.0
"""Seconds between two looks at a call that is waited for: another gateway may have sent it."""


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """The bounds of asynchronous calls; seconds, bytes and counts.

    `queue`: calls of one function that are not over; `queue_bytes`: of their requests together.
    `attempts` of one call, after which it is given up; between them the time doubles from
    `backoff` to `backoff_most`. `lease`: after so long without a sign its gateway counts as dead.
    `retention`: how long a call that is over is kept. `at_once`: calls that one gateway sends at a
    time.
    """

    queue: int = 10_000
    queue_bytes: int = 256 * 1024 * 1024
    attempts: int = 8
    backoff: float = 1.0
    backoff_most: float = 60.0
    lease: float = 15.0
    retention: float = 86_400.0
    at_once: int = 32


class Calls:
    """Takes calls in and tells what became of them.

    `stirred` is set when there may be something to send.
    """

    def __init__(
        self,
        store: CallStore,
        *,
        policy: CallPolicy,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.stirred = asyncio.Event()
        self._store = store
        self._policy = policy
        self._now = now
        self._awaited: dict[str, list[asyncio.Event]] = {}
        self._closed = False

    async def accept(self, call_id: str, ref: FunctionRef, request: CallRequest) -> Call:
        """Queue a call; it is durable when this returns. Raises Overloaded, Unavailable."""
        now = self._now()
        call = Call(call_id, ref, request.method, request.path, created=now, due=now)
        bound = QueueBound(self._policy.queue, self._policy.queue_bytes)
        await self._store.add(call, request, bound)
        self.stirred.set()
        return call

    async def get(self, call_id: str, *, within: float = 0.0) -> Call:
        """A call, as soon as it is over or after so many seconds; raises CallNotFound."""
        over = asyncio.Event()
        self._awaited.setdefault(call_id, []).append(over)
        end = asyncio.get_running_loop().time() + within
        try:
            while (call := await self._store.get(call_id)).state not in OVER:
                left = end - asyncio.get_running_loop().time()
                if left <= 0 or self._closed:
                    break
                await _waited(over, min(left, LOOK))
            return call
        finally:
            self._awaited[call_id].remove(over)
            if not self._awaited[call_id]:
                del self._awaited[call_id]

    async def list(self, query: CallQuery) -> Sequence[Call]:
        """Calls, the newest first."""
        return await self._store.list(query)

    async def unfinished(self) -> Mapping[tuple[FunctionRef, CallState], int]:
        """How many calls of each function are queued and running; raises Unavailable."""
        return await self._store.unfinished()

    async def result(self, call_id: str) -> CallAnswer:
        """What the function answered.

        Raises CallNotFound, CallNotOver, and NoResult where it gave no answer.
        """
        call = await self._store.get(call_id)
        if call.state not in OVER:
            state = "waits" if call.state == "queued" else "runs"
            raise CallNotOver(
                f"the call {call_id} {state} still",
                fix=Fix("wait-for-result", {"id": call_id}),
                retry_after=LOOK,
            )
        answer = await self._store.answer(call_id)
        if answer is None:
            why = call.trouble.message if call.trouble else "it was cancelled before it ran"
            raise NoResult(
                f"the call {call_id} has no result: {why}",
                fix=Fix("describe-function", {"name": call.ref.name}),
            )
        return answer

    async def cancel(self, call_id: str) -> Call:
        """End a call that waits; raises CallNotFound, Conflict."""
        call = await self._store.cancel(call_id, self._now())
        self.told(call_id)
        return call

    def close(self) -> None:
        """The gateway stops: who waits is answered now, and may ask another one."""
        self._closed = True
        for call_id in self._awaited:
            self.told(call_id)

    def told(self, call_id: str) -> None:
        """A call is over: who waits for it looks again."""
        for waiting in self._awaited.get(call_id, ()):
            waiting.set()


async def _waited(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
