"""The router: finds a function, leases a replica's slot, and wakes a function that sleeps.

COLD → ACTIVATING (the scaler is called once) → WARM. Meanwhile calls wait in a bounded queue, and
get slots in order as replicas become ready.
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
from plat_core.services.call_metrics import CallTotals
from plat_core.services.routing import (
    RETRY_AFTER,
    Lease,
    RouteEntry,
    RouteTable,
    Waiter,
    not_found,
)

__all__ = ["FunctionLoad", "Lease", "RouteEntry", "RouteTable", "Router", "not_found"]

MAX_WAITING: Final = 1000
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FunctionLoad:
    """The load of one function since the last sample.

    `concurrency` is the time-weighted mean of calls in flight and waiting. `active_at` is the time
    of the last call on the router's clock.
    """

    route: Route
    concurrency: float
    in_flight: int
    waiting: int
    ready: int
    active_at: float
    counters: CallTotals


class Router:
    """Finds the entry of a function, leases its slots, and queues calls while none is free.

    `complete` returns whether all functions are known. `max_waiting` limits the queue of one
    function in calls, `max_waiting_bytes` all queues in bytes of bodies. Not thread-safe: use it in
    the event loop's thread.
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
        """Return the error for a name without an entry: not found, or not known yet."""
        if self._complete():
            return not_found(segment)
        return Unavailable(
            "The functions are not known yet: the platform has just started.",
            fix=Fix("retry-after-start"),
            retry_after=RETRY_AFTER,
        )

    async def follow(self, resolver: Resolver) -> None:
        """Apply the resolver's updates until cancelled; ends or raises when its watch does."""
        async for update in resolver.watch():
            self.apply(update)

    def apply(self, update: Route | RouteRemoved) -> None:
        """Apply an update; serve, reject or wake for the waiting calls."""
        entry = self.table.apply(update)
        if entry is None or isinstance(update, RouteRemoved):
            return
        entry.waking = entry.waking and update.state in ("asleep", "failed")
        if entry.on_change is not None:
            entry.on_change(entry)
        entry.assign_slots()
        if update.pauses and update.state == "asleep" and entry.in_flight:
            # a call reached the replica just before it was frozen, and is frozen with it
            self._wake(entry)
        if not entry.waiters:
            return
        if entry.refusal():
            entry.waking = False
            entry.reject_waiters(lambda: entry.refusal() or _timed_out(entry))
        elif update.state == "asleep":
            self._wake(entry)

    def lease(self, entry: RouteEntry, exclude: Collection[str] = ()) -> Lease | None:
        """Lease a free slot of a replica that is not in `exclude`; return None if there is none.

        Waiting calls come first.
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
        """Wait for a slot until `deadline` on the router's clock; wake a function that sleeps.

        `size` is the number of body bytes that the call holds meanwhile. Cancelling the future
        leaves the queue. Raises, now or through the future: Overloaded if the queue is full,
        FunctionSuspended, FunctionUnavailable if the function does not start, FunctionNotFound if
        it is deleted meanwhile, and CallTimedOut.
        """
        if entry.route.state == "suspended":
            raise entry.refusal() or _timed_out(entry)
        if entry.is_hopeless:
            # retry the start for later calls; this one would wait in vain
            self._wake(entry)
            raise entry.refusal() or _timed_out(entry)
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
            entry.assign_slots()
        if entry.on_change is not None and not future.done():
            entry.on_change(entry)
        return future

    def samples(self) -> list[FunctionLoad]:
        """Return the load of every function, and start a new interval for the means."""
        return [_sample(entry, entry.load.mean()) for entry in self.table]

    def totals(self) -> list[FunctionLoad]:
        """Return the load with the present concurrency, and leave the means alone."""
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
        task = asyncio.ensure_future(self._scale_up(entry))
        self._wakes.add(task)
        task.add_done_callback(self._wakes.discard)

    async def _scale_up(self, entry: RouteEntry) -> None:
        try:
            await self._scaler.scale(entry.route.ref, max(1, entry.route.min))
        except Exception as error:  # noqa: BLE001 - every failure must reach the waiting calls
            entry.waking = False
            entry.reject_waiters(partial(_not_woken, entry, error))

    def _expire(self, entry: RouteEntry, future: asyncio.Future[Lease]) -> None:
        entry.leave(future)
        # the function did not start in time, so let the next call request it again
        entry.waking = entry.waking and bool(entry.waiters)
        if not future.done():
            future.set_exception(entry.refusal() or _timed_out(entry))


def _sample(entry: RouteEntry, concurrency: float) -> FunctionLoad:
    return FunctionLoad(
        route=entry.route,
        concurrency=concurrency,
        in_flight=entry.in_flight,
        waiting=len(entry.waiters),
        ready=len(entry.replicas),
        active_at=entry.load.last_active,
        counters=entry.counters,
    )


def _timed_out(entry: RouteEntry) -> PlatError:
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
