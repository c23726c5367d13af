"""What a gateway knows of another one: what it holds, what it saw, and what it was told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

from plat_core.services.routing import RouteEntry
from plat_core.services.shares import NOTHING, Claim, Slots
from plat_core.wire import LoadLine


@dataclass(frozen=True, slots=True)
class Limits:
    """What another gateway may use of a function since the message with this number.

    `open` is the most that the messages before it allowed, up to that with the number `before`: it
    may have taken in one of those alone.
    """

    number: int = 0
    slots: Slots = field(default_factory=dict)
    before: int = 0
    open: Slots = field(default_factory=dict)

    def then(self, number: int, slots: Slots, seen: int) -> Limits:
        """What it may use since a newer message, where it took in all up to `seen`."""
        return Limits(number, slots, self.number, self.possible(seen))

    def possible(self, seen: int) -> Slots:
        """The most that it may use by what it may have taken in, and did not say so yet."""
        last = self.slots if self.number > seen else {}
        return most(last, self.open if self.before > seen else {})


NO_LIMITS: Final = Limits()


@dataclass
class Peer:
    """Another gateway, as it is known here; times are those of the router's clock.

    `ready`: the cluster says so. `linked`: its link to us is open. `reported`: since that began it
    told what it holds. `told` are the claims of ours that it knows, `limits` what we allowed it
    of each function: `sent` is the last of the numbers of such messages, `seen` the last one that
    it took in. `taken` and `acknowledged` are the same the other way.
    """

    heard: float
    ready: bool = False
    linked: bool = False
    leaving: bool = False
    reported: bool = False
    loaded: float = float("-inf")
    seen: int = 0
    sent: int = 0
    taken: int = 0
    claims: dict[str, Claim] = field(default_factory=dict)
    loads: dict[str, tuple[float, LoadLine]] = field(default_factory=dict)
    acknowledged: int = 0
    told: dict[str, Claim] = field(default_factory=dict)
    limits: dict[str, Limits] = field(default_factory=dict)

    def claim(self, segment: str) -> Claim:
        """Its claim, with what it may have taken since it last spoke."""
        claim = self.claims.get(segment, NOTHING)
        possible = self.limits.get(segment, NO_LIMITS).possible(self.seen)
        return replace(claim, held=most(claim.held, possible)) if possible else claim

    def allow(self, segment: str, slots: Slots) -> int:
        """Allow it so many slots from now on; returns the number of the message that says so."""
        self.sent += 1
        known = self.limits.get(segment, NO_LIMITS)
        self.limits[segment] = known.then(self.sent, slots, self.seen)
        return self.sent

    def allowed(self, segment: str) -> Slots:
        """What it may use of a function: what it was told, unless it is known not to follow that.

        It follows where it uses what it was allowed, and beyond that only for calls in flight.
        """
        claim, told = self.claim(segment), self.limits.get(segment)
        if told is None:
            return claim.held
        follows = all(
            claim.held.get(r, 0) == max(told.slots.get(r, 0), claim.busy.get(r, 0))
            for r in claim.held.keys() | told.slots.keys()
        )
        return told.slots if follows or told.number > self.seen else claim.held

    def begin(self, now: float) -> None:
        """Its link to us is open; what it says begins anew."""
        self.linked, self.reported, self.leaving = True, False, False
        self.claims, self.loads, self.limits = {}, {}, {}
        self.seen = self.taken = self.acknowledged = 0
        self.heard = now

    def forget(self) -> None:
        """It says nothing any more: what it held is not its own for ever."""
        self.reported = False
        self.claims, self.limits = {}, {}


def most(one: Slots, other: Slots) -> Slots:
    """Of each replica the larger of two numbers of slots."""
    return {r: max(one.get(r, 0), other.get(r, 0)) for r in one.keys() | other.keys()}


def claim_of(entry: RouteEntry | None) -> Claim:
    """What this gateway has and wants of a function; nothing where there is none.

    What it may use of a replica that its own watch has not told of yet is held all the same: it
    uses that as soon as it hears of it.
    """
    if entry is None:
        return NOTHING
    shares = entry.shares or {s.endpoint.replica: s.limit for s in entry.replicas}
    allowed = {name: min(number, entry.route.concurrency) for name, number in shares.items()}
    busy: Counter[str] = Counter()
    for slots in (*entry.replicas, *entry.departed):
        busy[slots.endpoint.replica] += slots.in_flight
    # a replica that went with calls in flight may come back to what is allowed of it
    held = {name: number for name, number in most(allowed, busy).items() if number}
    return Claim(entry.load.now, held, busy={name: n for name, n in busy.items() if n})


def is_news(told: Claim | None, claim: Claim, *, beat: bool) -> bool:
    """Whether another gateway ought to know; a little more or less of demand can wait."""
    if told is None:
        return claim != NOTHING
    if beat:
        return claim != told
    changed = abs(claim.demand - told.demand)
    return claim.held != told.held or changed > told.demand // 4
