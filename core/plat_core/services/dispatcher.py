"""Delivery of asynchronous calls, each at least once, and storage of their results.

`decide` and `divide_capacity` are pure. The `Dispatcher` around them claims calls, sends each one
through the data path, and stores its result. Several gateways do this with one `CallStore`.
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
from plat_core.model.calls import Call, CallFailure, CallResponse, CallState, ClaimedCall
from plat_core.model.names import FunctionRef
from plat_core.ports import CallStore
from plat_core.services.async_calls import AsyncCalls, CallPolicy
from plat_core.services.routing import RouteEntry, not_found

log = logging.getLogger(__name__)

RETRYABLE: Final = frozenset({429, 502, 503, 504})
"""Statuses after which a call is retried, whether the function or the platform sent them."""
POLL: Final = 5.0
"""Interval (s) of reading the queue while nothing is due: another gateway may have died."""
POLL_DUE: Final = 1.0
"""The same while due calls exceed the capacity."""
SWEEP: Final = 60.0
"""Interval (s) of deleting old calls."""
MAX_RETRY_AFTER: Final = 3600.0
"""The longest `Retry-After` (s) that is respected."""


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The result of one attempt: the function's `response`, or the platform's `failure`.

    `retry_after` is the delay in seconds that the response requested.
    """

    status: int
    response: CallResponse | None = None
    failure: CallFailure | None = None
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The call is retried at `due` or later."""

    due: datetime
    failure: CallFailure


@dataclass(frozen=True, slots=True)
class CallFinished:
    """The call has ended."""

    state: CallState
    response: CallResponse | None
    failure: CallFailure | None


def decide(
    result: AttemptResult, attempts: int, policy: CallPolicy, *, now: datetime, chance: float
) -> RetryLater | CallFinished:
    """Return what follows the `attempts`-th attempt; `chance` is a random number of [0, 1)."""
    failure = result.failure
    if result.response is not None and result.status >= 400:
        failure = CallFailure("answered", f"The function answered {result.status}.")
    if result.status in RETRYABLE and attempts < policy.attempts and failure is not None:
        delay = backoff_delay(attempts, initial=policy.backoff, maximum=policy.max_backoff)
        # jitter between half and all of it: calls that failed together are not retried together
        pause = max(delay * (1 + chance) / 2, min(result.retry_after, MAX_RETRY_AFTER))
        return RetryLater(now + timedelta(seconds=pause), failure)
    return CallFinished("failed" if failure is not None else "succeeded", result.response, failure)


def divide_capacity(
    due: Mapping[FunctionRef, int], capacity: Mapping[FunctionRef, int], total: int
) -> dict[FunctionRef, int]:
    """Return how many calls of each function to claim, `total` at most, by round robin."""
    wanted = {ref: min(number, capacity.get(ref, 0)) for ref, number in sorted(due.items())}
    given: Counter[FunctionRef] = Counter()
    while total and (hungry := [ref for ref in wanted if given[ref] < wanted[ref]]):
        for ref in hungry[:total]:
            given[ref] += 1
        total -= len(hungry[:total])
    return dict(given)


def capacity_of(entry: RouteEntry, sent: int) -> int:
    """Return how many more calls to send to a function while `sent` are in flight.

    That is the number its replicas serve at a time, or its first replica will. More calls stay in
    the queue, where waiting costs no attempt and no timeout runs.
    """
    if entry.route.state == "suspended":
        return 0
    slots = sum(slots.limit for slots in entry.replicas)
    return max(slots, entry.route.concurrency if not entry.replicas else 1) - sent


Send = Callable[[ClaimedCall], Awaitable[AttemptResult]]
Capacity = Callable[[FunctionRef, int], int | None]
"""Returns how many more calls a function takes while so many are in flight; None for a function
that the data path does not know."""
Exists = Callable[[FunctionRef], Awaitable[bool]]


class Dispatcher:
    """Sends due calls until it is closed.

    `alone`: no other gateway uses the store, so claims that exist at the start are left from a
    previous run.
    """

    def __init__(
        self,
        store: CallStore,
        calls: AsyncCalls,
        *,
        send: Send,
        capacity: Capacity,
        exists: Exists,
        policy: CallPolicy,
        alone: bool,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._calls = calls
        self._send = send
        self._capacity = capacity
        self._exists = exists
        self._policy = policy
        self._alone = alone
        self._now = now
        self._holder = uuid.uuid4().hex
        self._sent: dict[asyncio.Task[None], Call] = {}
        self._backlogged = False
        self._closing = False
        self._grace = 0.0
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Send calls until `close`; wait for a store that is unavailable."""
        heartbeat = asyncio.get_running_loop().create_task(self._heartbeat())
        heartbeat.add_done_callback(lambda _: self._calls.wake.set())
        try:
            while not self._closing:
                if heartbeat.done():
                    heartbeat.result()
                self._calls.wake.clear()
                await self._wait(await self._claim_or_log())
            if self._sent:
                await asyncio.wait(self._sent, timeout=self._grace)
        finally:
            await self._stop(heartbeat)

    async def close(self, grace: float) -> None:
        """Claim no more, wait `grace` seconds for calls in flight, and give the rest back."""
        self._grace, self._closing = grace, True
        self._calls.close()
        self._calls.wake.set()
        await self._ended.wait()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._calls.wake.wait()
        except TimeoutError:
            return

    async def _claim_or_log(self) -> float:
        try:
            return await self._claim()
        except PlatError as error:
            log.warning("asynchronous calls wait: %s", error)
            return POLL_DUE

    async def _claim(self) -> float:
        """Claim and send as many calls as possible; return the time until the next claim."""
        now = self._now()
        if self._alone:
            await self._store.orphan(now)
            self._alone = False
        backlog = await self._store.backlog(now)
        total = self._policy.max_concurrency - len(self._sent)
        claims = divide_capacity(backlog.due, await self._capacities(backlog.due), total)
        until = now + timedelta(seconds=self._policy.lease)
        for claim in await self._store.claim(claims, holder=self._holder, now=now, until=until):
            task = asyncio.get_running_loop().create_task(self._deliver(claim))
            self._sent[task] = claim.call
            task.add_done_callback(self._delivered)
        self._backlogged = sum(backlog.due.values()) > sum(claims.values())
        if self._backlogged:
            return POLL_DUE
        if backlog.next is None:
            return POLL
        return min(POLL, max(0.0, (backlog.next - self._now()).total_seconds()))

    async def _capacities(self, due: Mapping[FunctionRef, int]) -> dict[FunctionRef, int]:
        sent = Counter(call.ref for call in self._sent.values())
        capacities = {}
        for ref, number in due.items():
            capacity = self._capacity(ref, sent[ref])
            if capacity is None:
                # the route may follow; calls of a deleted function are claimed to be failed
                capacity = 0 if await self._exists(ref) else number
            capacities[ref] = max(0, capacity)
        return capacities

    async def _deliver(self, claim: ClaimedCall) -> None:
        call = claim.call
        outcome = decide(
            await self._attempt(claim),
            call.attempts,
            self._policy,
            now=self._now(),
            chance=random.random(),  # noqa: S311 - it spreads load, and protects no secret
        )
        while True:
            try:
                await self._save(call.id, outcome)
            except PlatError as error:
                log.warning("the result of call %s is stored later: %s", call.id, error)
                await asyncio.sleep(POLL_DUE)
            else:
                return

    async def _attempt(self, claim: ClaimedCall) -> AttemptResult:
        if self._capacity(claim.call.ref, 0) is None:
            missing: FunctionNotFound = not_found(claim.call.ref)
            failure = CallFailure(missing.code, missing.message)
            return AttemptResult(404, failure=failure)
        if claim.call.attempts > self._policy.attempts:
            message = f"None of {self._policy.attempts} attempts ended: gateways died in them."
            return AttemptResult(500, failure=CallFailure("internal", message))
        try:
            return await self._send(claim)
        except Exception:
            # one call that triggers a bug must not stop the others
            log.exception("call %s could not be sent", claim.call.id)
            failure = CallFailure("internal", "plat failed; its log has the reason.")
            return AttemptResult(503, failure=failure)

    async def _save(self, call_id: str, outcome: RetryLater | CallFinished) -> None:
        if isinstance(outcome, RetryLater):
            await self._store.retry(call_id, self._holder, due=outcome.due, failure=outcome.failure)
            self._calls.wake.set()
            return
        await self._store.finish(
            call_id,
            outcome.state,
            now=self._now(),
            response=outcome.response,
            failure=outcome.failure,
        )
        self._calls.notify(call_id)

    def _delivered(self, task: asyncio.Task[None]) -> None:
        del self._sent[task]
        if self._backlogged:
            self._calls.wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a call was left to the next holder", exc_info=error)

    async def _heartbeat(self) -> None:
        """Renew the claims of calls in flight, and delete old calls."""
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
                log.warning("claims of asynchronous calls were not renewed: %s", error)
            await asyncio.sleep(self._policy.lease / 3)

    async def _stop(self, heartbeat: asyncio.Task[None]) -> None:
        tasks = [heartbeat, *self._sent]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._store.give_back(self._holder, self._now())
        except PlatError as error:
            log.warning("calls in flight are due again in %g s: %s", self._policy.lease, error)
        finally:
            self._ended.set()
