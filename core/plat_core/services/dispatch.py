"""Sends asynchronous calls, each at least once, and keeps what came of them.

`judge` and `share` decide, and are pure; the `Dispatcher` around them claims calls, hands each one
to the data path, and writes down the end. Several gateways do this over one `CallStore`.
"""

from __future__ import annotations

import asyncio
import logging
import random
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from plat_core.backoff import backoff_delay
from plat_core.errors import FunctionNotFound, PlatError
from plat_core.model.calls import Call, CallAnswer, CallState, CallTrouble, Claim
from plat_core.model.names import FunctionRef
from plat_core.ports import CallStore
from plat_core.services.calls import CallPolicy, Calls
from plat_core.services.routing import RouteEntry, not_found

log = logging.getLogger(__name__)

PASSING: Final = frozenset({429, 502, 503, 504})
"""Statuses that say "not now": whoever gave them, the call is tried again."""
POLL: Final = 5.0
"""Seconds between two looks where nothing is known to be due: another gateway may have died."""
POLL_DUE: Final = 1.0
"""The same while calls are due that there was no room for."""
SWEEP: Final = 60.0
"""Seconds between two rounds of forgetting what is old."""
PATIENCE: Final = 3600.0
"""The longest `Retry-After` that is believed."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended: with the function's `answer`, or with the platform's `trouble`.

    `status` is that of the answer to it, `retry_after` the seconds that it asks to wait.
    """

    status: int
    answer: CallAnswer | None = None
    trouble: CallTrouble | None = None
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Again:
    """The call is to be tried again, `due` at the soonest."""

    due: datetime
    trouble: CallTrouble


@dataclass(frozen=True, slots=True)
class Over:
    """The call has come to its end."""

    state: CallState
    answer: CallAnswer | None
    trouble: CallTrouble | None


def judge(
    attempt: Attempt, attempts: int, policy: CallPolicy, *, now: datetime, chance: float
) -> Again | Over:
    """What follows an attempt, the `attempts`-th one; `chance` is of [0, 1)."""
    trouble = attempt.trouble
    if attempt.answer is not None and attempt.status >= 400:
        trouble = CallTrouble("answered", f"The function answered {attempt.status}.")
    if attempt.status in PASSING and attempts < policy.attempts and trouble is not None:
        doubled = backoff_delay(attempts, initial=policy.backoff, maximum=policy.backoff_most)
        # between half of it and all: calls that failed together do not come back together
        pause = max(doubled * (1 + chance) / 2, min(attempt.retry_after, PATIENCE))
        return Again(now + timedelta(seconds=pause), trouble)
    return Over("failed" if trouble is not None else "succeeded", attempt.answer, trouble)


def share(
    due: Mapping[FunctionRef, int], room: Mapping[FunctionRef, int], places: int
) -> dict[FunctionRef, int]:
    """How many calls of which function to take into so many places: one each, and again."""
    wanted = {ref: min(number, room.get(ref, 0)) for ref, number in sorted(due.items())}
    given: Counter[FunctionRef] = Counter()
    while places and (hungry := [ref for ref in wanted if given[ref] < wanted[ref]]):
        for ref in hungry[:places]:
            given[ref] += 1
        places -= len(hungry[:places])
    return dict(given)


def room_of(entry: RouteEntry, sent: int) -> int:
    """How many more calls of a function to send while `sent` are under way.

    As many as its replicas take at once, or as the first one will take: the rest waits in the
    queue, where waiting costs no attempt and nobody's timeout runs.
    """
    if entry.route.state == "suspended":
        return 0
    slots = sum(slots.limit for slots in entry.replicas)
    return max(slots, entry.route.concurrency if not entry.replicas else 1) - sent


Send = Callable[[Claim], Awaitable[Attempt]]
Room = Callable[[FunctionRef, int], int | None]
"""For a function and the number of its calls under way: how many more it takes; None where the
data path does not know it."""
Exists = Callable[[FunctionRef], Awaitable[bool]]


class Dispatcher:
    """Sends what is due, until it is closed; see the module.

    `alone`: no other gateway uses the store, so that what is claimed when this one starts is left
    from a former life.
    """

    def __init__(
        self,
        store: CallStore,
        calls: Calls,
        *,
        send: Send,
        room: Room,
        exists: Exists,
        policy: CallPolicy,
        alone: bool,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._calls = calls
        self._send = send
        self._room = room
        self._exists = exists
        self._policy = policy
        self._alone = alone
        self._now = now
        self._holder = uuid.uuid4().hex
        self._sent: dict[asyncio.Task[None], Call] = {}
        self._hungry = False
        self._closing = False
        self._grace = 0.0
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Send until `close`; a store that is away is waited for."""
        beat = asyncio.get_running_loop().create_task(self._beat())
        beat.add_done_callback(lambda _: self._calls.stirred.set())
        try:
            while not self._closing:
                if beat.done():
                    beat.result()
                self._calls.stirred.clear()
                await self._stirred(await self._look_safely())
            if self._sent:
                await asyncio.wait(self._sent, timeout=self._grace)
        finally:
            await self._leave(beat)

    async def close(self, grace: float) -> None:
        """Take no more; let those under way end for `grace` seconds, and give the rest back."""
        self._grace, self._closing = grace, True
        self._calls.close()
        self._calls.stirred.set()
        await self._ended.wait()

    async def _stirred(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._calls.stirred.wait()
        except TimeoutError:
            return

    async def _look_safely(self) -> float:
        try:
            return await self._look()
        except PlatError as error:
            log.warning("asynchronous calls wait: %s", error)
            return POLL_DUE

    async def _look(self) -> float:
        """Claim what there is room for; returns the seconds until the next look."""
        now = self._now()
        if self._alone:
            await self._store.orphan(now)
            self._alone = False
        backlog = await self._store.backlog(now)
        places = self._policy.at_once - len(self._sent)
        taken = share(backlog.due, await self._rooms(backlog.due), places)
        until = now + timedelta(seconds=self._policy.lease)
        for claim in await self._store.claim(taken, holder=self._holder, now=now, until=until):
            task = asyncio.get_running_loop().create_task(self._deliver(claim))
            self._sent[task] = claim.call
            task.add_done_callback(self._over)
        self._hungry = sum(backlog.due.values()) > sum(taken.values())
        if self._hungry:
            return POLL_DUE
        if backlog.next is None:
            return POLL
        return min(POLL, max(0.0, (backlog.next - self._now()).total_seconds()))

    async def _rooms(self, due: Mapping[FunctionRef, int]) -> dict[FunctionRef, int]:
        sent = Counter(call.ref for call in self._sent.values())
        rooms = {}
        for ref, number in due.items():
            room = self._room(ref, sent[ref])
            if room is None:
                # the data path may just not know it yet; whether it is gone, the store knows
                room = 0 if await self._exists(ref) else number
            rooms[ref] = max(0, room)
        return rooms

    async def _deliver(self, claim: Claim) -> None:
        call = claim.call
        attempt = await self._attempt(claim)
        verdict = judge(
            attempt,
            call.attempts,
            self._policy,
            now=self._now(),
            chance=random.random(),  # noqa: S311 - it spreads load, and keeps no secret
        )
        while True:
            try:
                await self._write_down(call.id, verdict)
            except PlatError as error:
                log.warning("what came of call %s is written down later: %s", call.id, error)
                await asyncio.sleep(POLL_DUE)
            else:
                return

    async def _attempt(self, claim: Claim) -> Attempt:
        if self._room(claim.call.ref, 0) is None:
            gone: FunctionNotFound = not_found(claim.call.ref)
            return Attempt(gone.status, trouble=CallTrouble(gone.code, gone.message))
        if claim.call.attempts > self._policy.attempts:
            told = (
                f"None of {self._policy.attempts} attempts came to an end: gateways died in them."
            )
            return Attempt(500, trouble=CallTrouble("internal", told))
        try:
            return await self._send(claim)
        except Exception:
            # one call that breaks something here must not end all others
            log.exception("call %s could not be sent", claim.call.id)
            return Attempt(503, trouble=CallTrouble("internal", "plat failed; its log has why."))

    async def _write_down(self, call_id: str, verdict: Again | Over) -> None:
        if isinstance(verdict, Again):
            await self._store.retry(call_id, self._holder, due=verdict.due, trouble=verdict.trouble)
            self._calls.stirred.set()
            return
        await self._store.finish(
            call_id,
            verdict.state,
            now=self._now(),
            answer=verdict.answer,
            trouble=verdict.trouble,
        )
        self._calls.told(call_id)

    def _over(self, task: asyncio.Task[None]) -> None:
        del self._sent[task]
        if self._hungry:
            self._calls.stirred.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a call was left to the next holder", exc_info=error)

    async def _beat(self) -> None:
        """Hold what is under way, and forget what is old."""
        swept = float("-inf")
        clock = asyncio.get_running_loop().time
        while True:
            try:
                if clock() - swept >= SWEEP:
                    swept = clock()
                    old = self._now() - timedelta(seconds=self._policy.retention)
                    while await self._store.sweep(old):
                        pass
                if self._sent:
                    until = self._now() + timedelta(seconds=self._policy.lease)
                    held = [call.id for call in self._sent.values()]
                    await self._store.renew(held, holder=self._holder, until=until)
            except PlatError as error:
                log.warning("asynchronous calls cannot be looked after: %s", error)
            await asyncio.sleep(self._policy.lease / 3)

    async def _leave(self, beat: asyncio.Task[None]) -> None:
        tasks = [beat, *self._sent]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._store.give_back(self._holder, self._now())
        except PlatError as error:
            log.warning("calls under way are due again in %g s: %s", self._policy.lease, error)
        finally:
            self._ended.set()
