"""Pausing of containers: freezing, resuming, limits and restarts."""

from __future__ import annotations

import asyncio

import pytest
from plat_core.ports import Replica, Workload

from .conftest import REF, Platform, call, eventually, reopen_backend

pytestmark = pytest.mark.docker


async def pause_one(platform: Platform, **spec: object) -> Replica:
    """Run one replica, pause it, and wait until Docker has frozen it."""
    [replica] = await platform.run(**spec)
    await platform.workloads.apply(Workload(REF, {1: 0}, {1: platform.revision()}, paused={1: 1}))
    paused = await platform.until_state("paused")
    assert (paused.id, paused.endpoint) == (replica.id, None)
    await eventually(lambda: platform.container(replica).status == "paused")
    return paused


async def test_resumes_a_paused_replica_with_its_memory(platform: Platform) -> None:
    replica = await pause_one(platform)
    before = platform.container(replica).attrs["State"]
    [woken] = await platform.run()
    assert woken.id == replica.id
    assert (await call(woken, "/")).status_code == 200
    after = platform.container(replica).attrs["State"]
    assert (after["Pid"], after["StartedAt"]) == (before["Pid"], before["StartedAt"])


async def test_resumes_a_replica_before_it_is_frozen(platform: Platform) -> None:
    [replica] = await platform.run()
    for _ in range(5):
        await platform.workloads.apply(
            Workload(REF, {1: 0}, {1: platform.revision()}, paused={1: 1})
        )
        [again] = await platform.run()
        assert again.id == replica.id
    assert (await call(again, "/")).status_code == 200


async def test_freezes_a_replica_again_after_an_unpause_from_outside(platform: Platform) -> None:
    replica = await pause_one(platform)
    container = platform.container(replica)
    container.unpause()
    await eventually(lambda: platform.container(replica).status == "paused")
    assert [r.state for r in await platform.workloads.observe(REF)] == ["paused"]


@pytest.mark.parametrize("fault", ["kill", "remove"])
async def test_removes_a_paused_replica_that_exits(platform: Platform, fault: str) -> None:
    replica = await pause_one(platform)
    container = platform.container(replica)
    if fault == "kill":
        await asyncio.to_thread(container.kill)
    else:
        await asyncio.to_thread(container.remove, force=True)
    await platform.until(lambda seen: not seen)
    assert platform.containers() == []
    [fresh] = await platform.run()
    assert fresh.id != replica.id


async def test_adopts_a_paused_replica_without_resuming_it(platform: Platform) -> None:
    replica = await pause_one(platform)
    await platform.workloads.release()
    platform.workloads = (await reopen_backend(platform)).workloads
    assert [r.state for r in await platform.workloads.observe(REF)] == ["paused"]
    [woken] = await platform.run()
    assert woken.id == replica.id


async def test_stops_the_replicas_paused_longest_beyond_the_limit(platform: Platform) -> None:
    object.__setattr__(platform.policy, "paused", 1)
    await platform.run(2)
    await platform.workloads.apply(Workload(REF, {1: 0}, {1: platform.revision()}, paused={1: 2}))
    await platform.until(lambda seen: [r.state for r in seen] == ["paused"])
