"""What a gateway stores about one peer: its claims and loads, and what was sent to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

from plat_core.services.router import FunctionLoad
from plat_core.services.routing import RouteEntry
from plat_core.services.slot_allocation import NO_CLAIM, SlotClaim, SlotCounts
from plat_core.wire import LoadLine

STALE: Final = 5.0
"""Time (s) for which a load is valid."""


@dataclass(frozen=True, slots=True)
class SlotGrant:
    """The slots that a peer may use of a function since the message `number`.

    `open` is the maximum that earlier messages granted, up to number `before`: the peer may have
    received one of those only.
    """

    number: int = 0
    slots: SlotCounts = field(default_factory=dict)
    before: int = 0
    open: SlotCounts = field(default_factory=dict)

    def succeed(self, number: int, slots: SlotCounts, seen: int) -> SlotGrant:
        """Return the grant of a newer message, if the peer acknowledged those up to `seen`."""
        return SlotGrant(number, slots, self.number, self.unacknowledged(seen))

    def unacknowledged(self, seen: int) -> SlotCounts:
        """Return the maximum that the peer may use by messages after `seen`."""
        last = self.slots if self.number > seen else {}
        return max_slots(last, self.open if self.before > seen else {})


NO_GRANT: Final = SlotGrant()


@dataclass
class PeerState:
    """One peer; times are those of the router's clock.

    `ready`: the cluster reports the peer ready. `linked`: its link to this gateway is open.
    `reported`: it sent its claims since the link opened. `sent_claims` are the claims of this
    gateway that it received, `grants` what this gateway granted it of each function. `sent` is the
    number of the last grant, `seen` that of the last one it acknowledged. `received` and
    `acknowledged` are the same in the other direction.
    """

    last_message: float
    ready: bool = False
    linked: bool = False
    leaving: bool = False
    reported: bool = False
    loaded: float = float("-inf")
    seen: int = 0
    sent: int = 0
    received: int = 0
    claims: dict[str, SlotClaim] = field(default_factory=dict)
    loads: dict[str, tuple[float, LoadLine]] = field(default_factory=dict)
    acknowledged: int = 0
    sent_claims: dict[str, SlotClaim] = field(default_factory=dict)
    grants: dict[str, SlotGrant] = field(default_factory=dict)

    def claim(self, segment: str) -> SlotClaim:
        """Return its claim, with the grants that it may have received since its last message."""
        claim = self.claims.get(segment, NO_CLAIM)
        possible = self.grants.get(segment, NO_GRANT).unacknowledged(self.seen)
        return replace(claim, held=max_slots(claim.held, possible)) if possible else claim

    def grant(self, segment: str, slots: SlotCounts) -> int:
        """Store a new grant; return the number of its message."""
        self.sent += 1
        before = self.grants.get(segment, NO_GRANT)
        self.grants[segment] = before.succeed(self.sent, slots, self.seen)
        return self.sent

    def granted(self, segment: str) -> SlotCounts:
        """Return the slots that it may use: its grant, unless its claim contradicts that.

        The claim agrees if it holds the granted slots, and beyond them only those in use.
        """
        claim, grant = self.claim(segment), self.grants.get(segment)
        if grant is None:
            return claim.held
        agrees = all(
            claim.held.get(r, 0) == max(grant.slots.get(r, 0), claim.busy.get(r, 0))
            for r in claim.held.keys() | grant.slots.keys()
        )
        return grant.slots if agrees or grant.number > self.seen else claim.held

    def add_load(self, sample: FunctionLoad, now: float) -> FunctionLoad:
        """Return `sample` plus this peer's load of the function, if that is recent."""
        segment = sample.route.ref.segment
        when, load = self.loads.get(segment, (float("-inf"), None))
        if load is None or when < now - STALE:
            return sample
        # claims are sent as they change, so they include calls that began after the load
        demand = self.claims.get(segment, NO_CLAIM).demand
        return replace(
            sample,
            concurrency=sample.concurrency + load.concurrency,
            in_flight=sample.in_flight + max(load.in_flight, demand - load.waiting),
            waiting=sample.waiting + load.waiting,
            active_at=max(sample.active_at, now if demand else when - load.idle),
        )

    def open_link(self, now: float) -> None:
        """Start over: its link to this gateway opened, and its state follows."""
        self.linked, self.reported, self.leaving = True, False, False
        self.claims, self.loads, self.grants = {}, {}, {}
        self.seen = self.received = self.acknowledged = 0
        self.last_message = now

    def expire(self) -> None:
        """Release what it held, because it has been silent for too long."""
        self.reported = False
        self.claims, self.grants = {}, {}


def max_slots(one: SlotCounts, other: SlotCounts) -> SlotCounts:
    """Return the larger of two counts for each replica."""
    return {r: max(one.get(r, 0), other.get(r, 0)) for r in one.keys() | other.keys()}


def claim_of(entry: RouteEntry | None) -> SlotClaim:
    """Return this gateway's claim on a function.

    Slots of a replica that is not in the route yet count as held: this gateway uses them as soon as
    its own watch reports the replica.
    """
    if entry is None:
        return NO_CLAIM
    shares = entry.shares or {s.endpoint.replica: s.limit for s in entry.replicas}
    allowed = {name: min(number, entry.route.concurrency) for name, number in shares.items()}
    busy: Counter[str] = Counter()
    for slots in (*entry.replicas, *entry.departed):
        busy[slots.endpoint.replica] += slots.in_flight
    # a departed replica with calls in flight may come back, with its slots
    held = {name: number for name, number in max_slots(allowed, busy).items() if number}
    return SlotClaim(entry.load.now, held, busy={name: n for name, n in busy.items() if n})


def is_news(sent: SlotClaim | None, claim: SlotClaim, *, heartbeat: bool) -> bool:
    """Return whether to send a claim; a small change of demand waits for the next heartbeat."""
    if sent is None:
        return claim != NO_CLAIM
    if heartbeat:
        return claim != sent
    changed = abs(claim.demand - sent.demand)
    return claim.held != sent.held or changed > sent.demand // 4
