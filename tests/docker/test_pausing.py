"""Containers that sleep with their memory: frozen, woken, bounded, and mended like all others."""

from __future__ import annotations

import asyncio

import pytest
from plat_core.ports import Replica, Workload

from .conftest import REF, Platform, call, eventually, reborn

pytestmark = pytest.mark.docker


async def asleep(platform: Platform, **spec: object) -> Replica:
    """Run one replica, let it sleep, and wait until Docker has frozen it."""
    [replica] = await platform.run(**spec)
    await platform.workloads.apply(Workload(REF, {1: 0}, {1: platform.revision()}, paused={1: 1}))
    paused = await platform.until_state("paused")
    assert (paused.id, paused.endpoint) == (replica.id, None)
    await eventually(lambda: platform.container(replica).status == "paused")
    return paused


async def test_a_paused_replica_goes_on_with_its_memory(platform: Platform) -> None:
    replica = await asleep(platform)
    before = platform.container(replica).attrs["State"]
    [woken] = await platform.run()
    assert woken.id == replica.id
    assert (await call(woken, "/")).status_code == 200
    after = platform.container(replica).attrs["State"]
    assert (after["Pid"], after["StartedAt"]) == (before["Pid"], before["StartedAt"])


async def test_one_that_is_wanted_before_it_is_frozen_goes_on(platform: Platform) -> None:
    [replica] = await platform.run()
    for _ in range(5):
        await platform.workloads.apply(
            Workload(REF, {1: 0}, {1: platform.revision()}, paused={1: 1})
        )
        [again] = await platform.run()
        assert again.id == replica.id
    assert (await call(again, "/")).status_code == 200


async def test_one_that_is_unpaused_from_outside_is_frozen_again(platform: Platform) -> None:
    replica = await asleep(platform)
    container = platform.container(replica)
    container.unpause()
    await eventually(lambda: platform.container(replica).status == "paused")
    assert [r.state for r in await platform.workloads.observe(REF)] == ["paused"]


@pytest.mark.parametrize("fault", ["kill", "remove"])
async def test_one_that_ends_in_its_sleep_is_gone_and_another_can_start(
    platform: Platform, fault: str
) -> None:
    replica = await asleep(platform)
    container = platform.container(replica)
    if fault == "kill":
        await asyncio.to_thread(container.kill)
    else:
        await asyncio.to_thread(container.remove, force=True)
    await platform.until(lambda seen: not seen)
    assert platform.containers() == []
    [fresh] = await platform.run()
    assert fresh.id != replica.id


async def test_the_next_life_lets_it_sleep_until_it_is_wanted(platform: Platform) -> None:
    replica = await asleep(platform)
    await platform.workloads.release()
    platform.workloads = (await reborn(platform)).workloads
    assert [r.state for r in await platform.workloads.observe(REF)] == ["paused"]
    [woken] = await platform.run()
    assert woken.id == replica.id


async def test_beyond_the_bound_the_longest_sleepers_end(platform: Platform) -> None:
    object.__setattr__(platform.policy, "paused", 1)
    await platform.run(2)
    await platform.workloads.apply(Workload(REF, {1: 0}, {1: platform.revision()}, paused={1: 2}))
    await platform.until(lambda seen: [r.state for r in seen] == ["paused"])
