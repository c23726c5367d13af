"""The contract of `Workloads`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from plat_core.errors import InvalidInput, Unavailable
from plat_core.ports import LogQuery, LogRecord, Replica, Workload

from .kubernetes_worlds import kubernetes_world
from .samples import OTHER, REF
from .worlds import DockerWorld, World, open_world, until

Open = Callable[[str], Awaitable[World]]


BACKENDS = ["memory", "embedded", pytest.param("docker", marks=pytest.mark.docker)]
EVERYWHERE = [
    *BACKENDS,
    pytest.param("kubernetes", marks=[pytest.mark.kubernetes, pytest.mark.timeout(180)]),
]
not_of_a_cluster = pytest.mark.parametrize("worlds", BACKENDS, indirect=True)
"""For backends that own their replicas: pods and logs of a cluster belong to the function."""


@pytest.fixture(params=EVERYWHERE)
async def worlds(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    opened: list[World] = []
    if request.param == "docker":
        # requested first, so that they are torn down after the worlds
        image = request.getfixturevalue("docker_image")
        instance = request.getfixturevalue("docker_instance")

    async def open_(behaviour: str) -> World:
        if request.param == "kubernetes":
            cluster = request.getfixturevalue("cluster")
            pods = await kubernetes_world(behaviour, cluster, request.getfixturevalue("image"))
            opened.append(pods)
            return pods
        if request.param == "docker":
            world: World = DockerWorld(behaviour, image, instance)
            await world.open()
        else:
            world = await open_world(request.param, behaviour, tmp_path / "home")
        opened.append(world)
        return world

    yield open_
    for world in opened:
        await world.close()


@pytest.fixture
async def good(worlds: Open) -> World:
    return await worlds("good")


def _want(world: World, **counts: int) -> Workload:
    """Return a workload: `r1=2` means two replicas of revision 1."""
    numbers = {int(name[1:]): count for name, count in counts.items()}
    return Workload(REF, numbers, {number: world.revision(number) for number in numbers})


def _ready(count: int) -> Callable[[Sequence[Replica]], bool]:
    return lambda seen: [r.state for r in seen] == ["ready"] * count


def _gone(seen: Sequence[Replica]) -> bool:
    return not seen


async def test_observes_no_replicas_of_an_unknown_function(good: World) -> None:
    assert list(await good.workloads.observe(REF)) == []


@not_of_a_cluster
async def test_forget_removes_the_logs(good: World) -> None:
    await good.workloads.apply(_want(good, r1=1))
    (replica,) = await until(good.workloads, _ready(1))
    await good.workloads.apply(_want(good, r1=0))
    await until(good.workloads, _gone)
    line = LogRecord(datetime.now(UTC), replica.id, "orders-1", "stdout", "kept", None)
    for ref in (REF, OTHER):
        good.logs.add(ref, line)
    for _ in range(2):
        await good.workloads.forget(REF)
    assert [record async for record in good.logs.read(REF, LogQuery())] == []
    assert [record async for record in good.logs.read(OTHER, LogQuery())] == [line]
    assert list(await good.workloads.observe(REF)) == []


async def test_apply_starts_the_replicas(good: World) -> None:
    await good.workloads.apply(_want(good, r1=3))
    seen = await until(good.workloads, _ready(3))
    assert len({r.id for r in seen}) == 3
    assert {r.revision for r in seen} == {1}
    endpoints = [r.endpoint for r in seen if r.endpoint]
    assert {e.replica for e in endpoints} == {r.id for r in seen}
    assert len({e.address for e in endpoints}) == 3
    assert [(r.restarts, r.failure) for r in seen] == [(0, None)] * 3


async def test_apply_does_not_wait_for_readiness(worlds: Open) -> None:
    slow = await worlds("slow")
    await slow.workloads.apply(_want(slow, r1=1))
    (replica,) = await slow.workloads.observe(REF)
    assert (replica.state, replica.endpoint) == ("starting", None)


async def test_a_second_equal_apply_is_a_no_op(good: World) -> None:
    await good.workloads.apply(_want(good, r1=2))
    before = await until(good.workloads, _ready(2))
    await good.workloads.apply(_want(good, r1=2))
    assert list(await good.workloads.observe(REF)) == list(before)


async def test_concurrent_applies_start_no_surplus_replicas(good: World) -> None:
    await asyncio.gather(*(good.workloads.apply(_want(good, r1=2)) for _ in range(10)))
    await until(good.workloads, _ready(2))


async def test_scaling_up_keeps_the_present_replicas(good: World) -> None:
    await good.workloads.apply(_want(good, r1=1))
    before = await until(good.workloads, _ready(1))
    await good.workloads.apply(_want(good, r1=3))
    after = await until(good.workloads, _ready(3))
    assert {r.id for r in before} < {r.id for r in after}


async def test_scaling_down_stops_the_youngest_first(good: World) -> None:
    await good.workloads.apply(_want(good, r1=1))
    (oldest,) = await until(good.workloads, _ready(1))
    await good.workloads.apply(_want(good, r1=3))
    await until(good.workloads, _ready(3))
    await good.workloads.apply(_want(good, r1=1))
    (left,) = await until(good.workloads, _ready(1))
    assert left.id == oldest.id


async def test_a_stopping_replica_takes_no_new_calls(good: World) -> None:
    await good.workloads.apply(_want(good, r1=1))
    await until(good.workloads, _ready(1))
    await good.workloads.apply(_want(good, r1=0))
    assert [r.endpoint for r in await good.workloads.observe(REF)] in ([], [None])
    await until(good.workloads, _gone)


async def test_a_revision_that_is_not_listed_is_stopped(good: World) -> None:
    await good.workloads.apply(_want(good, r1=1))
    await until(good.workloads, _ready(1))
    await good.workloads.apply(_want(good, r1=1, r2=2))
    both = await until(good.workloads, _ready(3))
    assert sorted(r.revision for r in both) == [1, 2, 2]
    await good.workloads.apply(_want(good, r2=2))
    left = await until(good.workloads, _ready(2))
    assert [r.revision for r in left] == [2, 2]
    await good.workloads.apply(Workload(REF, {}))
    await until(good.workloads, _gone)


async def test_a_surplus_replica_is_paused_or_stopped_and_resumes(good: World) -> None:
    await good.workloads.apply(_want(good, r1=2))
    await until(good.workloads, _ready(2))
    asleep = replace(_want(good, r1=0), paused={1: 1})
    await good.workloads.apply(asleep)
    seen = await until(good.workloads, lambda seen: all(r.state == "paused" for r in seen))
    assert len(seen) <= 1
    assert [r.endpoint for r in seen if r.endpoint] == []
    await good.workloads.apply(asleep)
    assert {r.id for r in await good.workloads.observe(REF)} == {r.id for r in seen}
    await good.workloads.apply(_want(good, r1=1))
    (after,) = await until(good.workloads, _ready(1))
    assert [r.id for r in seen] in ([after.id], [])
    await good.workloads.apply(_want(good, r1=0))
    await until(good.workloads, _gone)


async def test_no_replica_is_started_to_be_paused(good: World) -> None:
    await good.workloads.apply(replace(_want(good, r1=0), paused={1: 1}))
    assert list(await good.workloads.observe(REF)) == []


async def test_an_unknown_revision_raises_and_changes_nothing(good: World) -> None:
    await good.workloads.apply(_want(good, r1=1))
    with pytest.raises(InvalidInput):
        await good.workloads.apply(Workload(REF, {1: 0, 2: 1}))
    await until(good.workloads, _ready(1))


async def test_separates_functions(good: World) -> None:
    await good.workloads.apply(_want(good, r1=1))
    await until(good.workloads, _ready(1))
    await good.workloads.apply(Workload(OTHER, {}))
    assert len(await good.workloads.observe(REF)) == 1
    assert list(await good.workloads.observe(OTHER)) == []


async def test_a_crash_at_start_has_a_reason(worlds: Open) -> None:
    world = await worlds("crash")
    await world.workloads.apply(_want(world, r1=1))
    (replica,) = await until(world.workloads, lambda seen: seen[0].state == "waiting")
    assert replica.endpoint is None
    assert replica.restarts >= 1
    assert replica.failure is not None
    assert replica.failure.reason
    assert replica.failure.message
    assert replica.failure.log


async def test_a_missed_start_deadline_is_a_failure(worlds: Open) -> None:
    world = await worlds("never")
    await world.workloads.apply(_want(world, r1=1))
    (replica,) = await until(world.workloads, lambda seen: seen[0].state == "waiting")
    assert replica.failure is not None
    assert replica.failure.reason == "StartTimeout"


async def test_a_crashed_replica_restarts_with_its_id(good: World) -> None:
    await good.workloads.apply(_want(good, r1=1))
    (before,) = await until(good.workloads, _ready(1))
    await good.crash(before)
    (after,) = await until(
        good.workloads, lambda seen: seen[0].state == "ready" and seen[0].restarts > 0
    )
    assert (after.id, after.restarts, after.failure) == (before.id, 1, None)


async def test_ten_seconds_of_readiness_reset_the_restarts(good: World) -> None:
    await good.workloads.apply(_want(good, r1=1))
    (before,) = await until(good.workloads, _ready(1))
    await good.crash(before)
    await until(good.workloads, lambda seen: seen[0].state == "ready" and seen[0].restarts > 0)
    await good.settle()
    (after,) = await good.workloads.observe(REF)
    assert (after.state, after.restarts) == ("ready", 0)


async def test_a_waiting_replica_can_be_stopped(worlds: Open) -> None:
    world = await worlds("crash")
    await world.workloads.apply(_want(world, r1=1))
    await until(world.workloads, lambda seen: seen[0].state == "waiting")
    await world.workloads.apply(_want(world, r1=0))
    await until(world.workloads, _gone)


async def test_a_starting_replica_can_be_stopped(worlds: Open) -> None:
    world = await worlds("slow")
    await world.workloads.apply(_want(world, r1=1))
    await world.workloads.apply(_want(world, r1=0))
    await until(world.workloads, _gone)


async def test_every_watcher_is_notified_of_a_change(good: World) -> None:
    watches = [good.workloads.watch() for _ in range(2)]
    await good.workloads.apply(_want(good, r1=1))
    changed = [await asyncio.wait_for(anext(watch), 60) for watch in watches]
    assert changed == [REF, REF]


async def test_changes_are_merged(good: World) -> None:
    watch = good.workloads.watch()
    await good.workloads.apply(_want(good, r1=3))
    await until(good.workloads, _ready(3))
    await good.calm()
    assert await asyncio.wait_for(anext(watch), 60) == REF
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(watch), 0.1)


@not_of_a_cluster
async def test_close_stops_all_replicas_and_is_idempotent(good: World) -> None:
    await good.workloads.apply(_want(good, r1=2))
    await until(good.workloads, _ready(2))
    await good.workloads.close()
    assert list(await good.workloads.observe(REF)) == []
    await good.workloads.close()
    with pytest.raises(Unavailable):
        await good.workloads.apply(_want(good, r1=1))
