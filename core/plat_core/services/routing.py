"""Which function a path segment means, which replica takes a call, and who waits for one.

Everything here is read and changed by the event loop's one thread without waiting: a warm call
takes its lease with a few attribute reads.
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
from plat_core.services.load import Counters, Load
from plat_core.services.reasons import FINAL_REASONS

RETRY_AFTER: Final = 1.0
"""Seconds after which a refused caller may try again."""


class Slots:
    """One replica: where it answers, how many calls are in flight on it and how many may be."""

    __slots__ = ("endpoint", "in_flight", "limit")

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.in_flight = 0
        self.limit = 0


class Waiter:
    """A call that is held until a replica has room for it."""

    __slots__ = ("size", "timer")

    def __init__(self, size: int, timer: asyncio.TimerHandle) -> None:
        self.size = size
        self.timer = timer


class RouteEntry:
    """A function on the data path: its route, its replicas' slots and its queue.

    `shares` are the slots of each replica that this gateway may use; None: all of them are its
    own. `tell` hears of what other gateways should know: that a call waits for a slot, or that one
    was given back of which this gateway had too many.
    """

    __slots__ = (
        "counters",
        "departed",
        "load",
        "replicas",
        "route",
        "shares",
        "tell",
        "waiters",
        "waking",
    )

    def __init__(
        self,
        route: Route,
        clock: Callable[[], float],
        *,
        shares: Mapping[str, int] | None = None,
        tell: Callable[[RouteEntry], None] | None = None,
    ) -> None:
        self.route = route
        self.shares = shares
        self.tell = tell
        self.replicas: list[Slots] = []
        self.departed: list[Slots] = []
        """Replicas that are not to be called now and have calls in flight: they may come back."""
        self.waiters: dict[asyncio.Future[Lease], Waiter] = {}
        self.load = Load(clock)
        self.counters = Counters()
        self.waking = False
        self.take(route)

    def take(self, route: Route) -> None:
        """Go over to a newer route; a replica that stays keeps its count of calls."""
        known = {slots.endpoint: slots for slots in (*self.departed, *self.replicas)}
        self.route = route
        self.replicas = [known.pop(e) if e in known else Slots(e) for e in route.endpoints]
        self.departed = [slots for slots in known.values() if slots.in_flight]
        self.limit(self.shares)

    def limit(self, shares: Mapping[str, int] | None) -> None:
        """From now on use so many slots of each replica; calls in flight beyond it go on."""
        self.shares = shares
        most = self.route.concurrency
        for slots in self.replicas:
            replica = slots.endpoint.replica
            slots.limit = most if shares is None else min(most, shares.get(replica, 0))

    def pick(self, exclude: Collection[str] = ()) -> Slots | None:
        """The replica with the fewest calls in flight that has room; the longest unused of equals.

        A replica that is picked moves to the end of the list.
        """
        best, least = None, self.route.concurrency
        for slots in self.replicas:
            if slots.in_flight < min(least, slots.limit) and slots.endpoint.replica not in exclude:
                best, least = slots, slots.in_flight
                if not least:
                    break
        if best is not None and len(self.replicas) > 1:
            self.replicas.remove(best)
            self.replicas.append(best)
        return best

    def hand_out(self) -> None:
        """Give free slots to those who wait, the first first."""
        while self.waiters and (slots := self.pick()):
            future = next(iter(self.waiters))
            self.waiters.pop(future).timer.cancel()
            # a call that waited is part of the load already; one that was cancelled is not
            if future.done():
                self.load.add(-1)
            else:
                slots.in_flight += 1
                future.set_result(Lease(self, slots))

    def fail(self, error: Callable[[], PlatError]) -> None:
        """Turn everybody away who waits."""
        for future in list(self.waiters):
            self.leave(future)
            if not future.done():
                future.set_exception(error())

    def leave(self, future: asyncio.Future[Lease]) -> None:
        """Strike a waiter off the queue, if it is still there."""
        if waiter := self.waiters.pop(future, None):
            waiter.timer.cancel()
            self.load.add(-1)

    @property
    def in_flight(self) -> int:
        """Calls that replicas work on, those that are in no route any more too."""
        return self.load.now - len(self.waiters)

    @property
    def hopeless(self) -> bool:
        """Whether the function failed to start for a reason that waiting does not mend."""
        route = self.route
        return route.state == "failed" and route.reason in FINAL_REASONS and not self.replicas

    def refusal(self) -> PlatError | None:
        """Why no replica can be had at present, where that is known."""
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

    def __init__(self, entry: RouteEntry, slots: Slots) -> None:
        self._entry = entry
        self._slots: Slots | None = slots
        self.endpoint = slots.endpoint

    def release(self) -> None:
        """Give the slot back, to the first who waits for one; a second call is a no-op."""
        if (slots := self._slots) is None:
            return
        self._slots = None
        slots.in_flight -= 1
        entry = self._entry
        entry.load.add(-1)
        if slots.in_flight >= slots.limit and entry.tell is not None:
            entry.tell(entry)
        if entry.waiters:
            entry.hand_out()


class RouteTable:
    """Every function by the path segment that names it: `name`, or `name.namespace`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: dict[str, RouteEntry] = {}
        self.alone = True
        """Whether all slots of a function that is new are ours."""
        self.tell: Callable[[RouteEntry], None] | None = None
        self._grown = asyncio.Event()

    def __iter__(self) -> Iterator[RouteEntry]:
        return iter(list(self._entries.values()))

    def get(self, segment: str) -> RouteEntry | None:
        """The entry of a segment; `name.default` is the same function as `name`."""
        entry = self._entries.get(segment)
        return entry or self._entries.get(segment.removesuffix(".default"))

    async def appears(self, segment: str) -> None:
        """Wait until there is a function of that segment."""
        while self.get(segment) is None:
            await self._grown.wait()

    def apply(self, update: Route | RouteRemoved) -> RouteEntry | None:
        """Take in an update. Returns the entry where something changed."""
        segment = update.ref.segment
        entry = self._entries.get(segment)
        if isinstance(update, RouteRemoved):
            if entry is not None:
                del self._entries[segment]
                entry.replicas = []
                entry.fail(lambda: not_found(update.ref))
            return entry
        if entry is None:
            shares: dict[str, int] | None = None if self.alone else {}
            entry = RouteEntry(update, self._clock, shares=shares, tell=self.tell)
            self._entries[segment] = entry
            self._grown.set()
            self._grown = asyncio.Event()
        elif entry.route == update:
            return None
        else:
            entry.take(update)
        return entry


def not_found(ref: FunctionRef | str) -> FunctionNotFound:
    """The error for a name that no function has."""
    return FunctionNotFound(f"There is no function {ref}.", fix=Fix("list-functions"))
