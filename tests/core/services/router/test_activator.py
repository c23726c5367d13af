"""Waking functions, and the queue of waiting calls."""

from dataclasses import replace

import pytest
from plat_core.errors import (
    CallTimedOut,
    FunctionNotFound,
    FunctionSuspended,
    FunctionUnavailable,
    Overloaded,
    Unavailable,
)
from plat_core.ports import RouteRemoved
from plat_core.services.router import Router

from tests.core.services.router.conftest import (
    ASLEEP,
    REF,
    FakeScaler,
    entry_of,
    ready,
    settle,
    taken,
    wait,
)


async def test_a_sleeping_function_is_woken_once(router: Router, scaler: FakeScaler) -> None:
    entry = entry_of(router, ASLEEP)
    futures = [wait(router, entry) for _ in range(3)]
    await settle()
    router.apply(replace(ASLEEP, state="starting"))
    await settle()
    assert scaler.requests == [(REF, 1)]
    router.apply(ready("a", "b"))
    assert all(future.done() for future in futures)
    assert entry.counters.cold_starts == 1


async def test_a_function_is_woken_to_its_minimum(router: Router, scaler: FakeScaler) -> None:
    entry = entry_of(router, replace(ASLEEP, min=3))
    future = wait(router, entry)
    await settle()
    assert scaler.requests == [(REF, 3)]
    future.cancel()


async def test_a_function_that_sleeps_again_is_woken_again(
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
    assert scaler.requests == [(REF, 1), (REF, 1)]
    assert not waiting.done()
    assert blocking[0].endpoint.replica == "a"
    waiting.cancel()


async def test_a_call_that_was_frozen_with_its_replica_wakes_it(
    router: Router, scaler: FakeScaler
) -> None:
    entry = entry_of(router, ready("a"))
    call = taken(router, entry)
    router.apply(ASLEEP)
    await settle()
    assert scaler.requests == []  # a stopped replica finishes its calls
    router.apply(replace(ASLEEP, pauses=True))
    await settle()
    assert scaler.requests == [(REF, 1)]
    call.release()
    router.apply(ready("a", pauses=True))
    router.apply(replace(ASLEEP, pauses=True))
    await settle()
    assert scaler.requests == [(REF, 1)]


async def test_a_busy_or_starting_function_is_not_scaled(
    router: Router, scaler: FakeScaler
) -> None:
    entry = entry_of(router, ready("a", concurrency=1))
    taken(router, entry)
    waiting = [wait(router, entry)]
    router.apply(replace(ASLEEP, state="starting"))
    waiting.append(wait(router, entry))
    await settle()
    assert scaler.requests == []
    for future in waiting:
        future.cancel()


async def test_slots_go_to_the_calls_that_waited_longest(router: Router) -> None:
    entry = entry_of(router, ready("a", concurrency=1))
    lease = taken(router, entry)
    futures = [wait(router, entry) for _ in range(3)]
    for place in range(3):
        assert [future.done() for future in futures] == [i < place for i in range(3)]
        lease.release()
        lease = futures[place].result()
    assert router.lease(entry) is None


async def test_no_call_overtakes_the_queue(router: Router) -> None:
    entry = entry_of(router, ASLEEP)
    first = wait(router, entry)
    assert router.lease(entry) is None
    router.apply(ready("a"))
    assert first.done()


async def test_a_cancelled_call_leaves_the_queue(router: Router) -> None:
    entry = entry_of(router, ready("a", concurrency=1))
    lease = taken(router, entry)
    cancelled, next_one = wait(router, entry), wait(router, entry)
    cancelled.cancel()
    lease.release()
    assert next_one.done()
    await settle()
    [sample] = router.samples()
    assert (sample.waiting, sample.in_flight) == (0, 1)


async def test_the_queue_is_limited_in_calls_and_bytes(router: Router) -> None:
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


async def test_a_second_call_wakes_a_function_that_did_not_start(
    router: Router, scaler: FakeScaler
) -> None:
    entry = entry_of(router, ASLEEP)
    for _ in range(2):
        with pytest.raises(CallTimedOut):
            await router.wait(entry, router.clock() + 0.01)
    assert len(scaler.requests) == 2


async def test_a_failed_function_is_retried_and_its_reason_raised(
    router: Router, scaler: FakeScaler
) -> None:
    broken = replace(ASLEEP, state="failed", reason="OOMKilled", message="64Mi were not enough")
    entry = entry_of(router, broken)
    future = wait(router, entry)
    await settle()
    assert scaler.requests == [(REF, 1)]
    router.apply(broken)
    assert not future.done()
    router.apply(replace(broken, message="64Mi were not enough, again"))
    with pytest.raises(FunctionUnavailable, match="OOMKilled: 64Mi were not enough, again"):
        await future
    with pytest.raises(FunctionUnavailable, match="OOMKilled"):
        await router.wait(entry, router.clock() + 0.01)


async def test_a_failed_revision_does_not_affect_one_that_serves(router: Router) -> None:
    entry = entry_of(router, replace(ready("a"), state="failed", reason="HandlerExited"))
    taken(router, entry)
    assert wait(router, entry).done()


async def test_a_stopped_function_rejects_calls(router: Router, scaler: FakeScaler) -> None:
    entry = entry_of(router, ASLEEP)
    future = wait(router, entry)
    await settle()
    router.apply(replace(ASLEEP, state="suspended"))
    with pytest.raises(FunctionSuspended):
        await future
    assert router.lease(entry) is None
    with pytest.raises(FunctionSuspended):
        wait(router, entry)
    assert scaler.requests == [(REF, 1)]


async def test_a_deleted_function_is_not_found(router: Router) -> None:
    future = wait(router, entry_of(router, ASLEEP))
    router.apply(RouteRemoved(REF))
    router.apply(RouteRemoved(REF))
    with pytest.raises(FunctionNotFound):
        await future


async def test_a_failing_scaler_fails_all_waiting_calls(router: Router, scaler: FakeScaler) -> None:
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
    assert len(scaler.requests) == 2


async def test_an_unknown_function_is_unavailable_at_first(
    scaler: FakeScaler,
) -> None:
    known: list[bool] = []
    router = Router(scaler=scaler, complete=lambda: bool(known))
    early = router.unknown("orders")
    assert (type(early), early.retry_after) == (Unavailable, 1.0)
    assert "functions are not known yet" in early.message
    known.append(True)
    assert isinstance(router.unknown("orders"), FunctionNotFound)
