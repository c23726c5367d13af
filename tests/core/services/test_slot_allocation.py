"""Allocation of slots to gateways: never more than exist, and no gateway starves."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_core.services.slot_allocation import SlotClaim, allocate, divide, owner_of

NAMES = ("a", "b", "c")
REPLICAS = ("r1", "r2", "r3")


@pytest.mark.parametrize(
    ("total", "demands", "first", "shares"),
    [
        (10, {"a": 0}, (), {"a": 10}),
        (10, {"a": 0, "b": 0}, (), {"a": 5, "b": 5}),
        (10, {"a": 50, "b": 50}, (), {"a": 5, "b": 5}),
        (10, {"a": 90, "b": 10}, (), {"a": 9, "b": 1}),
        (10, {"a": 8, "b": 0}, (), {"a": 9, "b": 1}),
        (1, {"a": 0, "b": 1}, (), {"a": 0, "b": 1}),
        (1, {"a": 100, "b": 1}, (), {"a": 1, "b": 0}),
        (1, {"a": 100, "b": 1}, ("b",), {"a": 0, "b": 1}),
        (1, {"a": 5, "b": 0}, ("b",), {"a": 1, "b": 0}),
        (0, {"a": 5, "b": 5}, ("a",), {"a": 0, "b": 0}),
    ],
)
def test_divides_slots_by_demand(
    total: int, demands: dict[str, int], first: tuple[str, ...], shares: dict[str, int]
) -> None:
    assert divide(total, demands, first) == shares


def test_a_slot_moves_only_after_it_is_free() -> None:
    taken = {"a": SlotClaim(0, {"r1": 1}), "b": SlotClaim(1)}
    assert allocate(1, ["r1"], taken) == {"a": {}, "b": {}}
    freed = {"a": SlotClaim(0, {}), "b": SlotClaim(1)}
    assert allocate(1, ["r1"], freed) == {"a": {}, "b": {"r1": 1}}


def test_busy_slots_are_retained_before_idle_ones() -> None:
    claims = {"a": SlotClaim(3, {"r1": 1, "r2": 1}, {"r2": 1}), "b": SlotClaim(3)}
    assert allocate(1, ["r1", "r2"], claims)["a"] == {"r2": 1}
    claims["a"] = SlotClaim(3, {"r2": 1}, {"r2": 1})
    assert allocate(1, ["r1", "r2"], claims)["b"] == {"r1": 1}


slots = st.dictionaries(st.sampled_from(REPLICAS), st.integers(0, 4))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[int, dict[str, SlotClaim]]:
    """Generate gateways that together hold no more slots than exist."""
    concurrency = draw(st.integers(1, 5))
    claims: dict[str, SlotClaim] = {}
    left = dict.fromkeys(REPLICAS, concurrency)
    for name in NAMES[: draw(st.integers(1, 3))]:
        held = {r: min(n, left[r]) for r, n in draw(slots).items()}
        for replica, number in held.items():
            left[replica] -= number
        busy = {r: draw(st.integers(0, n)) for r, n in held.items()}
        waiting = draw(st.integers(0, 20))
        claims[name] = SlotClaim(sum(busy.values()) + waiting, held, busy)
    return concurrency, claims


def totals(held: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    return {r: sum(h.get(r, 0) for h in held.values()) for r in REPLICAS}


@given(worlds())
def test_no_slot_is_ever_held_twice(world: tuple[int, dict[str, SlotClaim]]) -> None:
    concurrency, claims = world
    granted = allocate(concurrency, REPLICAS, claims)
    most = {
        name: {r: max(claims[name].held.get(r, 0), granted[name].get(r, 0)) for r in REPLICAS}
        for name in claims
    }
    assert all(number <= concurrency for number in totals(most).values())


@given(worlds())
def test_every_slot_is_allocated_in_the_end(
    world: tuple[int, dict[str, SlotClaim]],
) -> None:
    concurrency, claims = world
    for _ in range(3):
        granted = allocate(concurrency, REPLICAS, claims)
        claims = {n: SlotClaim(c.demand, granted[n], {}) for n, c in claims.items()}
    assert sum(totals({n: c.held for n, c in claims.items()}).values()) == concurrency * 3


def test_gateways_agree_on_the_owner_and_few_functions_move() -> None:
    functions = [f"f{n}" for n in range(300)]
    before = {f: owner_of(f, ["a", "b", "c"]) for f in functions}
    after = {f: owner_of(f, ["b", "a"]) for f in functions}
    assert {f for f in functions if before[f] != after[f]} == {
        f for f in functions if before[f] == "c"
    }
    assert all(60 < list(before.values()).count(name) < 140 for name in NAMES)
