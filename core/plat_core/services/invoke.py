"""The way to a replica: the route table, leases, and the activator that wakes what sleeps.

COLD → ACTIVATING (the scaler is asked once) → WARM. Calls that come meanwhile are held in a bounded
queue and released in order, as replicas and slots become free.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Final

from plat_core.errors import CallTimedOut, Overloaded, PlatError, Unavailable
from plat_core.fix import Fix
from plat_core.ports import Resolver, Route, RouteRemoved, Scaler
from plat_core.services.load import Counters
from plat_core.services.routing import (
    RETRY_AFTER,
    Lease,
    RouteEntry,
    RouteTable,
    Waiter,
    not_found,
)

__all__ = ["Lease", "RouteEntry", "RouteTable", "Router", "Sample", "not_found"]

MAX_WAITING: Final = 1000
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """The load of one function since the last sample.

    `concurrency` is the time-weighted mean of calls in flight and waiting, `active_at` the
    reading of the router's clock when a call last began, ended or was there.
    """

    route: Route
    concurrency: float
    in_flight: int
    waiting: int
    ready: int
    active_at: float
    counters: Counters


class Router:
    """Finds a function's entry, leases its slots, and holds calls while there are none.

    `complete`: whether all functions are known by now, so that what is not known is not there.
    `max_waiting` bounds the queue of one function in calls, `max_waiting_bytes` that of all in
    bytes of their bodies. Only the thread of the event loop may use it.
    """

    def __init__(
        self,
        *,
        scaler: Scaler,
        complete: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
        max_waiting: int = MAX_WAITING,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
    ) -> None:
        self._scaler = scaler
        self._complete = complete
        self.clock = clock
        self.table = RouteTable(clock)
        self._max_waiting = max_waiting
        self._max_waiting_bytes = max_waiting_bytes
        self._wakes: set[asyncio.Task[None]] = set()
        self.lookup = self.table.get

    def unknown(self, segment: str) -> PlatError:
        """The error for a name that no entry has: it is not there, or nobody can say yet."""
        if self._complete():
            return not_found(segment)
        return Unavailable(
            "It is not known yet which functions there are: the platform has just started.",
            fix=Fix("retry-after-start"),
            retry_after=RETRY_AFTER,
        )

    async def follow(self, resolver: Resolver) -> None:
        """Feed the table until cancelled; ends, or raises, with the resolver's watch."""
        async for update in resolver.watch():
            self.apply(update)

    def apply(self, update: Route | RouteRemoved) -> None:
        """Take in an update: who waits is served, woken for, or turned away."""
        entry = self.table.apply(update)
        if entry is None or isinstance(update, RouteRemoved):
            return
        entry.waking = entry.waking and update.state in ("asleep", "failed")
        if entry.tell is not None:
            entry.tell(entry)
        entry.hand_out()
        if update.pauses and update.state == "asleep" and entry.in_flight:
            # it was told to sleep when a call had just left for it, which is frozen with it now
            self._wake(entry)
        if not entry.waiters:
            return
        if entry.refusal():
            entry.waking = False
            entry.fail(lambda: entry.refusal() or _nothing(entry))
        elif update.state == "asleep":
            self._wake(entry)

    def lease(self, entry: RouteEntry, exclude: Collection[str] = ()) -> Lease | None:
        """A slot at once, on a replica that is not in `exclude`; None where there is none free.

        Nobody overtakes those who wait already.
        """
        if entry.waiters or entry.route.state == "suspended":
            return None
        slots = entry.pick(exclude)
        if slots is None:
            return None
        slots.in_flight += 1
        entry.load.add(1)
        return Lease(entry, slots)

    def wait(self, entry: RouteEntry, deadline: float, size: int = 0) -> asyncio.Future[Lease]:
        """Queue for a slot, until `deadline` on the router's clock; wakes a function that sleeps.

        `size` is how many bytes of a body are held meanwhile. Cancelling the future leaves the
        queue. Raises, at once or through the future: Overloaded where the queue is full,
        FunctionSuspended, FunctionUnavailable with the reason where the function does not start,
        FunctionNotFound where it is deleted meanwhile, CallTimedOut where it is merely busy.
        """
        if entry.route.state == "suspended":
            raise entry.refusal() or _nothing(entry)
        if entry.hopeless:
            # it is tried again for the next caller; this one would only wait in vain
            self._wake(entry)
            raise entry.refusal() or _nothing(entry)
        self._check_room(entry, size)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Lease] = loop.create_future()
        timer = loop.call_later(max(0.0, deadline - self.clock()), self._expire, entry, future)
        entry.waiters[future] = Waiter(size, timer)
        entry.load.add(1)
        future.add_done_callback(entry.leave)
        if not entry.replicas and entry.route.state in ("asleep", "failed"):
            self._wake(entry)
        else:
            entry.hand_out()
        if entry.tell is not None and not future.done():
            entry.tell(entry)
        return future

    def samples(self) -> list[Sample]:
        """The load of every function; each call begins a new span for the mean."""
        return [_sample(entry, entry.load.mean()) for entry in self.table]

    def totals(self) -> list[Sample]:
        """The same without disturbing the means: `concurrency` is that of this moment."""
        return [_sample(entry, float(entry.load.now)) for entry in self.table]

    def _check_room(self, entry: RouteEntry, size: int) -> None:
        held = sum(w.size for e in self.table for w in e.waiters.values()) if size else 0
        if len(entry.waiters) >= self._max_waiting or held + size > self._max_waiting_bytes:
            raise Overloaded(
                f"Every replica of {entry.route.ref} is busy and {len(entry.waiters)} calls wait.",
                fix=Fix("retry-or-scale"),
                retry_after=RETRY_AFTER,
            )

    def _wake(self, entry: RouteEntry) -> None:
        if entry.waking:
            return
        entry.waking = True
        entry.counters.cold_starts += 1
        task = asyncio.ensure_future(self._ask(entry))
        self._wakes.add(task)
        task.add_done_callback(self._wakes.discard)

    async def _ask(self, entry: RouteEntry) -> None:
        try:
            await self._scaler.scale(entry.route.ref, max(1, entry.route.min))
        except Exception as error:  # noqa: BLE001 - whatever it is, callers must hear of it
            entry.waking = False
            entry.fail(partial(_not_woken, entry, error))

    def _expire(self, entry: RouteEntry, future: asyncio.Future[Lease]) -> None:
        entry.leave(future)
        # the next caller of a function that did not come up may ask for it again
        entry.waking = entry.waking and bool(entry.waiters)
        if not future.done():
            future.set_exception(entry.refusal() or _nothing(entry))


def _sample(entry: RouteEntry, concurrency: float) -> Sample:
    return Sample(
        route=entry.route,
        concurrency=concurrency,
        in_flight=entry.in_flight,
        waiting=len(entry.waiters),
        ready=len(entry.replicas),
        active_at=entry.load.last_active,
        counters=entry.counters,
    )


def _nothing(entry: RouteEntry) -> PlatError:
    state = "every replica was busy" if entry.replicas else "no replica became ready"
    return CallTimedOut(
        f"The function {entry.route.ref} did not take the call within its timeout: {state}.",
        fix=Fix("describe-function", {"name": entry.route.ref.name}),
    )


def _not_woken(entry: RouteEntry, error: Exception) -> PlatError:
    if isinstance(error, PlatError):
        return error
    return Unavailable(
        f"The function {entry.route.ref} could not be woken: {error}.", retry_after=RETRY_AFTER
    )
