"""How several gateways share the slots of a function's replicas, as pure functions.

A replica takes `concurrency` calls at once, however many gateways there are: each of its slots is
held by one gateway at a time. One gateway, the keeper of the function, decides who holds which;
a slot changes hands only after the one who held it said that it is free.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

Slots = Mapping[str, int]
"""Replica → slots of it."""
Allotment = dict[str, dict[str, int]]
"""Gateway → replica → slots."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one gateway has and wants of a function.

    `demand`: its calls in flight and waiting. `held`: what it may use, or uses still although it
    may no more. `busy`: what it uses.
    """

    demand: int = 0
    held: Slots = field(default_factory=dict)
    busy: Slots = field(default_factory=dict)


NOTHING: Final = Claim()


def keeper(function: str, gateways: Iterable[str]) -> str:
    """Which of the gateways decides for a function: the same for all who see the same ones.

    Rendezvous hashing: a gateway that comes or goes moves only functions of its own.
    """
    return max(gateways, key=lambda name: (_weight(function, name), name))


def allot(
    concurrency: int,
    replicas: Sequence[str],
    claims: Mapping[str, Claim],
    first: Collection[str] = (),
) -> Allotment:
    """Who may use how many slots of which replica from now on.

    What a gateway has too much of is taken from it at once; what another one gets of that comes
    with a later call, when `held` says that it is free. `first` are gateways that were without a
    slot for long. The sum over `held` and the result never exceeds `concurrency` on any replica.
    """
    demands = {name: claim.demand for name, claim in claims.items()}
    shares = divide(concurrency * len(replicas), demands, first)
    kept = _keep(shares, dict.fromkeys(replicas, concurrency), claims)
    free = {
        replica: concurrency
        - sum(max(c.held.get(replica, 0), kept[g].get(replica, 0)) for g, c in claims.items())
        for replica in replicas
    }
    for name, slots in kept.items():
        _fill(slots, shares[name], free)
    return kept


def divide(total: int, demands: Mapping[str, int], first: Collection[str] = ()) -> dict[str, int]:
    """Divide slots by demand: all get what they ask for and an even part of the rest.

    Where there is not enough, the parts are in proportion, but each of `first` that asks gets one
    before all others.
    """
    shares = dict.fromkeys(sorted(demands), 0)
    for name in sorted(set(first) & set(shares)):
        if demands[name] and total:
            shares[name], total = 1, total - 1
    left = {name: demands[name] - share for name, share in shares.items()}
    asked = sum(left.values())
    if asked <= total:
        weights, parts = dict.fromkeys(shares, 1), total - asked
        shares = {name: share + left[name] for name, share in shares.items()}
    else:
        weights, parts = left, total
    for name, part in _proportional(parts, weights).items():
        shares[name] += part
    return shares


def _proportional(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Whole parts by the largest remainder."""
    whole = sum(weights.values())
    if not whole:
        return dict.fromkeys(weights, 0)
    parts = {name: total * weight // whole for name, weight in weights.items()}
    rest = sorted(weights, key=lambda name: (-(total * weights[name] % whole), name))
    for name in rest[: total - sum(parts.values())]:
        parts[name] += 1
    return parts


def _keep(shares: Slots, room: dict[str, int], claims: Mapping[str, Claim]) -> Allotment:
    """Of what each holds, what it keeps within its share: what it uses, first of all.

    Where more is held than there is room for, as after gateways found each other, the first keep.
    """
    kept: Allotment = {name: {} for name in claims}
    for used in (True, False):
        for name, claim in claims.items():
            slots, left = kept[name], shares[name] - sum(kept[name].values())
            for replica, free in room.items():
                wanted = claim.held.get(replica, 0)
                if used:
                    wanted = min(wanted, claim.busy.get(replica, 0))
                taken = min(wanted - slots.get(replica, 0), free, left)
                if taken > 0:
                    slots[replica] = slots.get(replica, 0) + taken
                    room[replica] -= taken
                    left -= taken
    return kept


def _fill(slots: dict[str, int], share: int, free: dict[str, int]) -> None:
    """Add free slots up to the share, on the replicas with the most room."""
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
