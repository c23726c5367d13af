"""Leases of slots, and the counters of calls."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plat_core.model.names import FunctionRef
from plat_core.ports import Route, RouteRemoved
from plat_core.services.router import Lease, Router

from tests.core.services.router.conftest import (
    ASLEEP,
    REF,
    Clock,
    FakeScaler,
    entry_of,
    ready,
    settle,
    taken,
    wait,
)


def test_a_segment_names_a_function_with_or_without_the_default_namespace(router: Router) -> None:
    entry = entry_of(router, ready("a"))
    other = entry_of(router, replace(ready("b"), ref=FunctionRef("orders", "shop")))
    assert router.lookup("orders") is router.lookup("orders.default") is entry
    assert router.lookup("orders.shop") is other
    assert router.lookup("order") is None
    router.apply(RouteRemoved(REF))
    assert router.lookup("orders") is None


def test_leases_the_replica_with_the_fewest_calls(router: Router) -> None:
    entry = entry_of(router, ready("a", "b", "c"))
    leases = [taken(router, entry) for _ in range(3)]
    assert {lease.endpoint.replica for lease in leases} == {"a", "b", "c"}
    free = leases[1].endpoint.replica
    leases[1].release()
    assert taken(router, entry).endpoint.replica == free


def test_replicas_with_equal_load_take_turns(router: Router) -> None:
    entry = entry_of(router, ready("a", "b"))
    order = []
    for _ in range(4):
        lease = taken(router, entry)
        order.append(lease.endpoint.replica)
        lease.release()
    assert order == ["a", "b", "a", "b"]


def test_a_replica_never_exceeds_its_concurrency(router: Router) -> None:
    entry = entry_of(router, ready("a", "b"))
    leases = [taken(router, entry) for _ in range(4)]
    assert router.lease(entry) is None
    leases[0].release()
    leases[0].release()
    taken(router, entry)
    assert router.lease(entry) is None


def test_an_excluded_replica_is_skipped(router: Router) -> None:
    entry = entry_of(router, ready("a", "b"))
    assert taken(router, entry, "a").endpoint.replica == "b"
    assert router.lease(entry, ("a", "b")) is None


def test_a_replica_that_stays_keeps_its_calls_in_flight(router: Router) -> None:
    entry = entry_of(router, ready("a"))
    old = taken(router, entry)
    router.apply(ready("a", "b"))
    assert taken(router, entry).endpoint.replica == "b"
    router.apply(ready("b"))
    old.release()
    taken(router, entry)
    assert router.lease(entry) is None


async def test_follow_applies_the_updates_of_a_resolver(router: Router) -> None:
    class Resolver:
        async def watch(self) -> AsyncGenerator[Route | RouteRemoved, None]:
            yield ASLEEP
            yield ready("a")

    await router.follow(Resolver())
    entry = router.lookup("orders")
    assert entry is not None
    assert entry.route == ready("a")


async def test_the_mean_load_is_weighted_by_time(router: Router, clock: Clock) -> None:
    entry = entry_of(router, ready("a", concurrency=1))
    lease = taken(router, entry)
    clock.now += 1.0
    waiting = wait(router, entry)
    clock.now += 1.0
    lease.release()
    clock.now += 1.0
    waiting.result().release()
    clock.now += 1.0
    [sample] = router.samples()
    assert sample.concurrency == pytest.approx((1 + 2 + 1 + 0) / 4)
    assert sample.active_at == 1003.0
    assert (sample.in_flight, sample.waiting, sample.ready) == (0, 0, 1)
    clock.now += 1.0
    assert router.samples()[0].concurrency == 0.0


async def test_totals_do_not_reset_the_mean(router: Router, clock: Clock) -> None:
    entry = entry_of(router, ready("a"))
    taken(router, entry)
    clock.now += 2.0
    assert router.totals()[0].concurrency == 1.0
    clock.now += 2.0
    assert router.samples()[0].concurrency == pytest.approx(1.0)


def test_calls_are_counted_by_class_and_duration(router: Router) -> None:
    counters = entry_of(router, ready("a")).counters
    for status, seconds in ((200, 0.001), (200, 0.005), (404, 0.3), (502, 100.0)):
        counters.observe(status, seconds)
    assert counters.classes == [0, 0, 2, 0, 1, 1]
    assert counters.buckets[0] == 2
    assert counters.buckets[-1] == 1
    assert counters.seconds == pytest.approx(100.306)


steps = st.lists(
    st.one_of(
        st.just(("call", 0)),
        st.tuples(st.just("release"), st.integers(0, 9)),
        st.tuples(st.just("leave"), st.integers(0, 9)),
        st.tuples(st.just("replicas"), st.integers(0, 3)),
        st.just(("turn", 0)),
    ),
    max_size=60,
)


@given(steps)
@settings(max_examples=200)
def test_no_slot_is_ever_lost_or_leased_twice(script: list[tuple[str, int]]) -> None:
    async def run() -> None:
        router = Router(scaler=FakeScaler(), clock=Clock(), max_waiting=50)
        entry = entry_of(router, ready("a"))
        held: list[Lease] = []
        waiting: list[asyncio.Future[Lease]] = []
        for step, number in script:
            if step == "call":
                lease = router.lease(entry)
                if lease is not None:
                    held.append(lease)
                else:
                    waiting.append(wait(router, entry))
            elif step == "release" and held:
                held.pop(number % len(held)).release()
            elif step == "leave" and waiting:
                waiting.pop(number % len(waiting)).cancel()
            elif step == "replicas":
                router.apply(ready(*"abc"[:number]) if number else ASLEEP)
            elif step == "turn":
                await asyncio.sleep(0)
            # a future with a lease stays leased when it is cancelled: its owner releases the lease
            granted = [f for f in waiting if f.done()]
            waiting = [f for f in waiting if not f.done()]
            held += [f.result() for f in granted]
            assert all(0 <= slots.in_flight <= 2 for slots in entry.replicas)
            assert not entry.waiters or entry.pick() is None or not waiting
        for lease in held:
            lease.release()
        router.apply(ready("a"))
        for future in waiting:
            (await future).release()
        await settle()
        assert all(slots.in_flight == 0 for slots in entry.replicas)
        assert (entry.load.now, len(entry.waiters)) == (0, 0)

    asyncio.run(run())
