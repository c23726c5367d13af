"""What a gateway knows of another one: what it holds, what it saw, and what it was told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from plat_core.services.routing import RouteEntry
from plat_core.services.shares import NOTHING, Claim, Slots
from plat_core.wire import LoadLine


@dataclass
class Peer:
    """Another gateway, as it is known here; times are those of the router's clock.

    `ready`: the cluster says so. `linked`: its link to us is open. `reported`: since that began it
    told what it holds. `told` are the claims of ours that it knows, `limits` what we last allowed
    it for each function, with the number of that message: `sent` is the last of these numbers,
    `seen` the last one that it took in. `taken` and `acknowledged` are the same the other way.
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
    limits: dict[str, tuple[int, dict[str, int]]] = field(default_factory=dict)

    def claim(self, segment: str) -> Claim:
        """Its claim, with what it may have taken since it last spoke."""
        claim = self.claims.get(segment, NOTHING)
        number, limits = self.limits.get(segment, (0, {}))
        if number <= self.seen:
            return claim
        both = claim.held.keys() | limits.keys()
        held = {r: max(claim.held.get(r, 0), limits.get(r, 0)) for r in both}
        return replace(claim, held=held)

    def allowed(self, segment: str) -> Slots:
        """What it may use of a function: what it was told, unless it is known not to follow that.

        It follows where it uses what it was allowed, and beyond that only for calls in flight.
        """
        claim = self.claim(segment)
        number, limits = self.limits.get(segment, (0, claim.held))
        follows = all(
            claim.held.get(r, 0) == max(limits.get(r, 0), claim.busy.get(r, 0))
            for r in claim.held.keys() | limits.keys()
        )
        return limits if follows or number > self.seen else claim.held

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


def claim_of(entry: RouteEntry | None) -> Claim:
    """What this gateway has and wants of a function; nothing where there is none."""
    if entry is None:
        return NOTHING
    slots = (*entry.replicas, *entry.departed)
    used = [(s.endpoint.replica, s.in_flight, s.limit) for s in slots]
    return Claim(
        demand=entry.load.now,
        held={name: max(busy, limit) for name, busy, limit in used if busy or limit},
        busy={name: busy for name, busy, _ in used if busy},
    )


def is_news(told: Claim | None, claim: Claim, *, beat: bool) -> bool:
    """Whether another gateway ought to know; a little more or less of demand can wait."""
    if told is None:
        return claim != NOTHING
    if beat:
        return claim != told
    changed = abs(claim.demand - told.demand)
    return claim.held != told.held or changed > told.demand // 4
