"""The route table: functions by path segment, slots of their replicas, and waiting calls.

Everything here is read and changed in the event loop's thread without waiting. A warm call leases
a slot with a few attribute reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from plat_core.errors import (
    FunctionNotFound,
    FunctionSuspended,
    FunctionUnavailable,
    PlatError,
)
from plat_core.fix import Fix
from plat_core.model.names import FunctionRef
from plat_core.ports import Endpoint, Route, RouteRemoved
from plat_core.services.call_metrics import CallTotals, ConcurrencyMeter
from plat_core.services.reasons import FINAL_REASONS

RETRY_AFTER: Final = 1.0
"""Time (s) after which a rejected client may retry."""


class ReplicaSlots:
    """One replica: its endpoint, its calls in flight, and how many it may have."""

    __slots__ = ("endpoint", "in_flight", "limit")

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.in_flight = 0
        self.limit = 0


class Waiter:
    """A call that waits for a free slot."""

    __slots__ = ("size", "timer")

    def __init__(self, size: int, timer: asyncio.TimerHandle) -> None:
        self.size = size
        self.timer = timer


class RouteEntry:
    """A function on the data path: its route, its replicas' slots and its queue.

    `shares` are the slots of each replica that this gateway may use; None if it may use all.
    `on_change` is called for changes that matter to other gateways: a call waits for a slot, or a
    surplus slot was released.
    """

    __slots__ = (
        "counters",
        "departed",
        "load",
        "on_change",
        "replicas",
        "route",
        "shares",
        "waiters",
        "waking",
    )

    def __init__(
        self,
        route: Route,
        clock: Callable[[], float],
        *,
        shares: Mapping[str, int] | None = None,
        on_change: Callable[[RouteEntry], None] | None = None,
    ) -> None:
        self.route = route
        self.shares = shares
        self.on_change = on_change
        self.replicas: list[ReplicaSlots] = []
        self.departed: list[ReplicaSlots] = []
        """Replicas without a route that still have calls in flight; they may come back."""
        self.waiters: dict[asyncio.Future[Lease], Waiter] = {}
        self.load = ConcurrencyMeter(clock)
        self.counters = CallTotals()
        self.waking = False
        self.update(route)

    def update(self, route: Route) -> None:
        """Replace the route; replicas that stay keep their calls in flight."""
        known = {slots.endpoint: slots for slots in (*self.departed, *self.replicas)}
        self.route = route
        self.replicas = [known.pop(e) if e in known else ReplicaSlots(e) for e in route.endpoints]
        self.departed = [slots for slots in known.values() if slots.in_flight]
        self._apply_shares()

    def set_shares(self, shares: Mapping[str, int] | None) -> None:
        """Use so many slots of each replica from now on; calls in flight beyond that continue."""
        self.shares = shares
        self._apply_shares()
        self.assign_slots()

    def _apply_shares(self) -> None:
        maximum, shares = self.route.concurrency, self.shares
        for slots in self.replicas:
            replica = slots.endpoint.replica
            slots.limit = maximum if shares is None else min(maximum, shares.get(replica, 0))

    def pick(self, exclude: Collection[str] = ()) -> ReplicaSlots | None:
        """Return the replica with the fewest calls in flight that has a free slot.

        Of equals, the least recently used one is picked: a picked replica moves to the end of the
        list.
        """
        best, fewest = None, self.route.concurrency
        for slots in self.replicas:
            free = slots.in_flight < min(fewest, slots.limit)
            if free and slots.endpoint.replica not in exclude:
                best, fewest = slots, slots.in_flight
                if not fewest:
                    break
        if best is not None and len(self.replicas) > 1:
            self.replicas.remove(best)
            self.replicas.append(best)
        return best

    def assign_slots(self) -> None:
        """Assign free slots to the waiting calls, first come, first served."""
        while self.waiters and (slots := self.pick()):
            future = next(iter(self.waiters))
            self.waiters.pop(future).timer.cancel()
            # a waiting call is part of the load already; a cancelled one no longer is
            if future.done():
                self.load.add(-1)
            else:
                slots.in_flight += 1
                future.set_result(Lease(self, slots))

    def reject_waiters(self, error: Callable[[], PlatError]) -> None:
        """Fail every waiting call."""
        for future in list(self.waiters):
            self.leave(future)
            if not future.done():
                future.set_exception(error())

    def leave(self, future: asyncio.Future[Lease]) -> None:
        """Remove a waiting call from the queue; a second call is a no-op."""
        if waiter := self.waiters.pop(future, None):
            waiter.timer.cancel()
            self.load.add(-1)

    @property
    def in_flight(self) -> int:
        """Number of calls that replicas work on, including replicas without a route."""
        return self.load.now - len(self.waiters)

    @property
    def is_hopeless(self) -> bool:
        """Whether the function failed to start for a reason that waiting does not resolve."""
        route = self.route
        return route.state == "failed" and route.reason in FINAL_REASONS and not self.replicas

    def refusal(self) -> PlatError | None:
        """Return why no replica is available, or None if the reason is not known."""
        route = self.route
        if route.state == "suspended":
            return FunctionSuspended(
                f"The function {route.ref} is stopped.",
                fix=Fix("start-function", {"name": route.ref.name}),
                retry_after=RETRY_AFTER,
            )
        if route.state == "failed" and not self.replicas:
            why = ": ".join(part for part in (route.reason, route.message) if part)
            return FunctionUnavailable(
                f"The function {route.ref} does not start: {why or 'the reason is not known'}.",
                fix=Fix("describe-function", {"name": route.ref.name}),
                retry_after=RETRY_AFTER,
            )
        return None


class Lease:
    """One slot of a replica, held by one call until it is released."""

    __slots__ = ("_entry", "_slots", "endpoint")

    def __init__(self, entry: RouteEntry, slots: ReplicaSlots) -> None:
        self._entry = entry
        self._slots: ReplicaSlots | None = slots
        self.endpoint = slots.endpoint

    def release(self) -> None:
        """Release the slot to the first waiting call; a second call is a no-op."""
        if (slots := self._slots) is None:
            return
        self._slots = None
        slots.in_flight -= 1
        entry = self._entry
        entry.load.add(-1)
        if slots.in_flight >= slots.limit and entry.on_change is not None:
            entry.on_change(entry)
        if entry.waiters:
            entry.assign_slots()


class RouteTable:
    """Every function by the path segment that names it: `name`, or `name.namespace`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: dict[str, RouteEntry] = {}
        self.alone = True
        """Whether this gateway may use all slots of a new function."""
        self.on_change: Callable[[RouteEntry], None] | None = None
        self._grown = asyncio.Event()

    def __iter__(self) -> Iterator[RouteEntry]:
        return iter(list(self._entries.values()))

    def get(self, segment: str) -> RouteEntry | None:
        """Return the entry of a segment; `name.default` is the same function as `name`."""
        entry = self._entries.get(segment)
        return entry or self._entries.get(segment.removesuffix(".default"))

    async def wait_for(self, segment: str) -> None:
        """Wait until a function has that segment."""
        while self.get(segment) is None:
            await self._grown.wait()

    def apply(self, update: Route | RouteRemoved) -> RouteEntry | None:
        """Apply an update; return the entry if it changed."""
        segment = update.ref.segment
        entry = self._entries.get(segment)
        if isinstance(update, RouteRemoved):
            if entry is not None:
                del self._entries[segment]
                entry.replicas = []
                entry.reject_waiters(lambda: not_found(update.ref))
            return entry
        if entry is None:
            shares: dict[str, int] | None = None if self.alone else {}
            entry = RouteEntry(update, self._clock, shares=shares, on_change=self.on_change)
            self._entries[segment] = entry
            self._grown.set()
            self._grown = asyncio.Event()
        elif entry.route == update:
            return None
        else:
            entry.update(update)
        return entry


def not_found(ref: FunctionRef | str) -> FunctionNotFound:
    """Return the error for a name without a function."""
    return FunctionNotFound(f"There is no function {ref}.", fix=Fix("list-functions"))
