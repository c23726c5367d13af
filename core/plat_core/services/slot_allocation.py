"""Allocation of a function's replica slots to several gateways, as pure functions.

A replica takes `concurrency` calls at a time from all gateways together, so each of its slots is
held by one gateway at a time. One gateway, the owner of the function, allocates them. A slot moves
to another gateway only after its holder reported it free.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

SlotCounts = Mapping[str, int]
"""Number of slots by replica."""
Allocation = dict[str, dict[str, int]]
"""Gateway → replica → number of slots."""


@dataclass(frozen=True, slots=True)
class SlotClaim:
    """What one gateway needs and holds of a function.

    `demand`: its calls in flight and waiting. `held`: the slots it may use, and those still in use
    beyond them. `busy`: the slots in use.
    """

    demand: int = 0
    held: SlotCounts = field(default_factory=dict)
    busy: SlotCounts = field(default_factory=dict)


NO_CLAIM: Final = SlotClaim()


def owner_of(function: str, gateways: Iterable[str]) -> str:
    """Return the gateway that owns a function: the same for all that have the same list.

    Uses rendezvous hashing: a gateway that joins or leaves moves only its own functions.
    """
    return max(gateways, key=lambda name: (_weight(function, name), name))


def allocate(
    concurrency: int,
    replicas: Sequence[str],
    claims: Mapping[str, SlotClaim],
    first: Collection[str] = (),
) -> Allocation:
    """Return how many slots of each replica each gateway may use.

    Surplus slots are taken back now. Another gateway receives them in a later allocation, once
    `held` shows that they are free. `first` are starved gateways. The sum of `held` and the result
    never exceeds `concurrency` on any replica.
    """
    demands = {name: claim.demand for name, claim in claims.items()}
    shares = divide(concurrency * len(replicas), demands, first)
    allocation = _retain(shares, dict.fromkeys(replicas, concurrency), claims)
    free = {
        replica: concurrency
        - sum(
            max(claim.held.get(replica, 0), allocation[name].get(replica, 0))
            for name, claim in claims.items()
        )
        for replica in replicas
    }
    for name, slots in allocation.items():
        _fill(slots, shares[name], free)
    return allocation


def divide(total: int, demands: Mapping[str, int], first: Collection[str] = ()) -> dict[str, int]:
    """Divide slots by demand.

    If there are enough, each gateway gets its demand and an equal part of the rest. If not, the
    parts are in proportion, after each gateway in `first` with a demand got one.
    """
    shares = dict.fromkeys(sorted(demands), 0)
    for name in sorted(set(first) & set(shares)):
        if demands[name] and total:
            shares[name], total = 1, total - 1
    missing = {name: demands[name] - share for name, share in shares.items()}
    demand = sum(missing.values())
    if demand <= total:
        weights, parts = dict.fromkeys(shares, 1), total - demand
        shares = {name: share + missing[name] for name, share in shares.items()}
    else:
        weights, parts = missing, total
    for name, part in _proportional(parts, weights).items():
        shares[name] += part
    return shares


def _proportional(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Divide `total` into whole parts by the largest remainder."""
    whole = sum(weights.values())
    if not whole:
        return dict.fromkeys(weights, 0)
    parts = {name: total * weight // whole for name, weight in weights.items()}
    rest = sorted(weights, key=lambda name: (-(total * weights[name] % whole), name))
    for name in rest[: total - sum(parts.values())]:
        parts[name] += 1
    return parts


def _retain(
    shares: SlotCounts, room: dict[str, int], claims: Mapping[str, SlotClaim]
) -> Allocation:
    """Let each gateway keep held slots within its share, busy ones first.

    If more slots are held than there is `room`, for example after gateways found each other, the
    first gateways keep theirs.
    """
    allocation: Allocation = {name: {} for name in claims}
    for busy_only in (True, False):
        for name, claim in claims.items():
            slots, left = allocation[name], shares[name] - sum(allocation[name].values())
            for replica, free in room.items():
                held = claim.held.get(replica, 0)
                if busy_only:
                    held = min(held, claim.busy.get(replica, 0))
                retained = min(held - slots.get(replica, 0), free, left)
                if retained > 0:
                    slots[replica] = slots.get(replica, 0) + retained
                    room[replica] -= retained
                    left -= retained
    return allocation


def _fill(slots: dict[str, int], share: int, free: dict[str, int]) -> None:
    """Add free slots up to the share, on the replicas with the most free slots."""
    missing = share - sum(slots.values())
    while missing > 0 and free:
        replica = max(free, key=lambda name: free[name])
        if free[replica] <= 0:
            return
        free[replica] -= 1
        slots[replica] = slots.get(replica, 0) + 1
        missing -= 1


def _weight(function: str, gateway: str) -> bytes:
    return hashlib.blake2b(f"{function}\0{gateway}".encode(), digest_size=8).digest()
