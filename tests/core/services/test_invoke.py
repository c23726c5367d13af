"""Leases and the activator: who gets a slot, in which order, and what wakes a function."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plat_core.errors import (
    CallTimedOut,
    FunctionNotFound,
    FunctionSuspended,
    FunctionUnavailable,
    Overloaded,
    Unavailable,
)
from plat_core.model.names import FunctionRef
from plat_core.ports import Endpoint, Route, RouteRemoved
from plat_core.services.invoke import Lease, RouteEntry, Router

REF = FunctionRef("orders")
ASLEEP = Route(
    ref=REF,
    revision="orders-1",
    state="asleep",
    endpoints=(),
    timeout=30.0,
    concurrency=2,
    access="token",
    min=0,
    max=10,
    target=1.4,
    idle=60.0,
)


def ready(*replicas: str, **changes: object) -> Route:
    endpoints = tuple(Endpoint(replica, f"unix:/{replica}") for replica in replicas)
    return replace(ASLEEP, state="ready", endpoints=endpoints, **changes)  # type: ignore[arg-type]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeScaler:
    def __init__(self) -> None:
        self.asked: list[tuple[FunctionRef, int]] = []
        self.error: Exception | None = None

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        self.asked.append((ref, replicas))
        if self.error:
            raise self.error


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def scaler() -> FakeScaler:
    return FakeScaler()


@pytest.fixture
def router(scaler: FakeScaler, clock: Clock) -> Router:
    return Router(scaler=scaler, clock=clock, max_waiting=5, max_waiting_bytes=100)


def entry_of(router: Router, route: Route) -> RouteEntry:
    router.apply(route)
    entry = router.lookup(route.ref.segment)
    assert entry is not None
    return entry


def taken(router: Router, entry: RouteEntry, *exclude: str) -> Lease:
    lease = router.lease(entry, exclude)
    assert lease is not None
    return lease


def wait(router: Router, entry: RouteEntry, size: int = 0) -> asyncio.Future[Lease]:
    return router.wait(entry, router.clock() + 3600, size)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_segment_names_a_function_with_or_without_the_default_namespace(router: Router) -> None:
    entry = entry_of(router, ready("a"))
    other = entry_of(router, replace(ready("b"), ref=FunctionRef("orders", "shop")))
    assert router.lookup("orders") is router.lookup("orders.default") is entry
    assert router.lookup("orders.shop") is other
    assert router.lookup("order") is None
    router.apply(RouteRemoved(REF))
    assert router.lookup("orders") is None


def test_the_replica_with_the_fewest_calls_is_taken(router: Router) -> None:
    entry = entry_of(router, ready("a", "b", "c"))
    leases = [taken(router, entry) for _ in range(3)]
    assert {lease.endpoint.replica for lease in leases} == {"a", "b", "c"}
    free = leases[1].endpoint.replica
    leases[1].release()
    assert taken(router, entry).endpoint.replica == free


def test_equals_take_turns(router: Router) -> None:
    entry = entry_of(router, ready("a", "b"))
    order = []
    for _ in range(4):
        lease = taken(router, entry)
        order.append(lease.endpoint.replica)
        lease.release()
    assert order == ["a", "b", "a", "b"]


def test_a_replica_takes_no_more_calls_than_its_concurrency(router: Router) -> None:
    entry = entry_of(router, ready("a", "b"))
    leases = [taken(router, entry) for _ in range(4)]
    assert router.lease(entry) is None
    leases[0].release()
    leases[0].release()
    taken(router, entry)
    assert router.lease(entry) is None


def test_an_excluded_replica_is_passed_over(router: Router) -> None:
    entry = entry_of(router, ready("a", "b"))
    assert taken(router, entry, "a").endpoint.replica == "b"
    assert router.lease(entry, ("a", "b")) is None


def test_a_replica_that_stays_keeps_its_count(router: Router) -> None:
    entry = entry_of(router, ready("a"))
    old = taken(router, entry)
    router.apply(ready("a", "b"))
    assert taken(router, entry).endpoint.replica == "b"
    router.apply(ready("b"))
    old.release()
    taken(router, entry)
    assert router.lease(entry) is None


async def test_a_sleeping_function_is_woken_once(router: Router, scaler: FakeScaler) -> None:
    entry = entry_of(router, ASLEEP)
    futures = [wait(router, entry) for _ in range(3)]
    await settle()
    router.apply(replace(ASLEEP, state="starting"))
    await settle()
    assert scaler.asked == [(REF, 1)]
    router.apply(ready("a", "b"))
    assert all(future.done() for future in futures)
    assert entry.counters.cold_starts == 1


async def test_a_function_is_woken_to_its_minimum(router: Router, scaler: FakeScaler) -> None:
    entry = entry_of(router, replace(ASLEEP, min=3))
    future = wait(router, entry)
    await settle()
    assert scaler.asked == [(REF, 3)]
    future.cancel()


async def test_a_function_that_falls_asleep_again_is_woken_again(
    router: Router, scaler: FakeScaler
) -> None:
    entry = entry_of(router, ASLEEP)
    wait(router, entry)
    await settle()
    router.apply(ready("a"))
    blocking = [taken(router, entry)]
    waiting = wait(router, entry)
    router.apply(ASLEEP)
    await settle()
    assert scaler.asked == [(REF, 1), (REF, 1)]
    assert not waiting.done()
    assert blocking[0].endpoint.replica == "a"
    waiting.cancel()


async def test_a_busy_or_starting_function_is_not_scaled(
    router: Router, scaler: FakeScaler
) -> None:
    entry = entry_of(router, ready("a", concurrency=1))
    taken(router, entry)
    waiting = [wait(router, entry)]
    router.apply(replace(ASLEEP, state="starting"))
    waiting.append(wait(router, entry))
    await settle()
    assert scaler.asked == []
    for future in waiting:
        future.cancel()


async def test_slots_go_to_those_who_waited_longest(router: Router) -> None:
    entry = entry_of(router, ready("a", concurrency=1))
    lease = taken(router, entry)
    futures = [wait(router, entry) for _ in range(3)]
    for place in range(3):
        assert [future.done() for future in futures] == [i < place for i in range(3)]
        lease.release()
        lease = futures[place].result()
    assert router.lease(entry) is None


async def test_nobody_overtakes_the_queue(router: Router) -> None:
    entry = entry_of(router, ASLEEP)
    first = wait(router, entry)
    assert router.lease(entry) is None
    router.apply(ready("a"))
    assert first.done()


async def test_a_caller_that_leaves_is_out_of_the_queue(router: Router) -> None:
    entry = entry_of(router, ready("a", concurrency=1))
    lease = taken(router, entry)
    gone, next_one = wait(router, entry), wait(router, entry)
    gone.cancel()
    lease.release()
    assert next_one.done()
    await settle()
    [sample] = router.samples()
    assert (sample.waiting, sample.in_flight) == (0, 1)


async def test_the_queue_is_bounded_in_calls_and_in_bytes(router: Router) -> None:
    entry = entry_of(router, ASLEEP)
    futures = [wait(router, entry, 30) for _ in range(3)]
    with pytest.raises(Overloaded) as refused:
        wait(router, entry, 30)
    assert refused.value.retry_after
    futures += [wait(router, entry) for _ in range(2)]
    with pytest.raises(Overloaded):
        wait(router, entry)
    for future in futures:
        future.cancel()


async def test_a_call_waits_until_its_deadline(router: Router) -> None:
    entry = entry_of(router, ready("a", concurrency=1))
    taken(router, entry)
    with pytest.raises(CallTimedOut, match="every replica was busy"):
        await router.wait(entry, router.clock() + 0.01)
    router.apply(ASLEEP)
    with pytest.raises(CallTimedOut, match="no replica became ready"):
        await router.wait(entry, router.clock() + 0.01)
    assert not entry.waiters


async def test_a_second_caller_wakes_what_did_not_come_up(
    router: Router, scaler: FakeScaler
) -> None:
    entry = entry_of(router, ASLEEP)
    for _ in range(2):
        with pytest.raises(CallTimedOut):
            await router.wait(entry, router.clock() + 0.01)
    assert len(scaler.asked) == 2


async def test_a_broken_function_is_tried_and_its_reason_told(
    router: Router, scaler: FakeScaler
) -> None:
    broken = replace(ASLEEP, state="failed", reason="OOMKilled", message="64Mi were not enough")
    entry = entry_of(router, broken)
    future = wait(router, entry)
    await settle()
    assert scaler.asked == [(REF, 1)]
    router.apply(broken)
    assert not future.done()
    router.apply(replace(broken, message="64Mi were not enough, again"))
    with pytest.raises(FunctionUnavailable, match="OOMKilled: 64Mi were not enough, again"):
        await future
    with pytest.raises(FunctionUnavailable, match="OOMKilled"):
        await router.wait(entry, router.clock() + 0.01)


async def test_a_broken_revision_beside_a_good_one_is_no_failure(router: Router) -> None:
    entry = entry_of(router, replace(ready("a"), state="failed", reason="HandlerExited"))
    taken(router, entry)
    assert wait(router, entry).done()


async def test_a_stopped_function_takes_no_call(router: Router, scaler: FakeScaler) -> None:
    entry = entry_of(router, ASLEEP)
    future = wait(router, entry)
    await settle()
    router.apply(replace(ASLEEP, state="suspended"))
    with pytest.raises(FunctionSuspended):
        await future
    assert router.lease(entry) is None
    with pytest.raises(FunctionSuspended):
        wait(router, entry)
    assert scaler.asked == [(REF, 1)]


async def test_a_deleted_function_is_not_found(router: Router) -> None:
    future = wait(router, entry_of(router, ASLEEP))
    router.apply(RouteRemoved(REF))
    router.apply(RouteRemoved(REF))
    with pytest.raises(FunctionNotFound):
        await future


async def test_a_scaler_that_fails_is_told_to_all_who_wait(
    router: Router, scaler: FakeScaler
) -> None:
    entry = entry_of(router, ASLEEP)
    for error, expected in (
        (OSError("away"), Unavailable),
        (FunctionNotFound("x"), FunctionNotFound),
    ):
        scaler.error = error
        futures = [wait(router, entry) for _ in range(2)]
        for future in futures:
            with pytest.raises(expected):
                await future
    assert len(scaler.asked) == 2


async def test_following_a_resolver_feeds_the_table(router: Router) -> None:
    class Resolver:
        async def watch(self) -> AsyncIterator[Route | RouteRemoved]:
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


async def test_totals_do_not_disturb_the_mean(router: Router, clock: Clock) -> None:
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
@settings(max_examples=200, deadline=None)
def test_whatever_happens_no_slot_is_lost_or_given_twice(script: list[tuple[str, int]]) -> None:
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
            # a future that was granted and then cancelled stays granted: its owner releases it
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
