"""Several gateways: sharing of slots, scaling, and visibility of functions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random

import pytest
from plat_backends.memory.scaler import MemoryScaler
from plat_core.model.names import FunctionRef
from plat_core.services.autoscaler import Autoscaler
from plat_core.services.peer_state import claim_of

from .peering import REF, Busy, World, entry, held, route


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    world.close()


async def test_a_single_gateway_uses_all_slots(world: World) -> None:
    router = world.start("a", route(2))
    world.peers["a"].members(())
    busy = Busy(0.0)
    await asyncio.gather(*(busy.call("a", router) for _ in range(10)))
    assert (busy.done["a"], world.lines, entry(router).shares) == (10, [], None)


@pytest.mark.parametrize(("replicas", "concurrency"), [(10, 1), (1, 1), (3, 4), (1, 20)])
async def test_two_gateways_never_share_a_slot(
    world: World, replicas: int, concurrency: int
) -> None:
    now = route(replicas, concurrency)
    one, two = world.start("a", now), world.start("b", now)
    world.meet()
    await world.until(lambda: world.held() == dict.fromkeys(world.held(), concurrency))
    busy = Busy(0.01)
    calls = [busy.call("a", one) for _ in range(40)] + [busy.call("b", two) for _ in range(40)]
    await asyncio.gather(*calls)
    assert busy.done == {"a": 40, "b": 40}
    assert max(busy.most.values()) <= concurrency


async def test_a_single_slot_alternates_between_gateways(world: World) -> None:
    """A gateway with a long queue must not keep the only slot."""
    one, two = world.start("a", route(1)), world.start("b", route(1))
    world.meet()
    await world.until(lambda: sum(world.held().values()) == 1)
    busy = Busy(0.02)
    many = [asyncio.create_task(busy.call("a", one)) for _ in range(60)]
    await asyncio.sleep(0)
    await busy.call("b", two)
    assert busy.done["a"] < 40
    await asyncio.gather(*many)
    assert busy.most == {"orders-1-0": 1}


async def test_slots_move_from_idle_to_busy_gateways(world: World) -> None:
    one, _ = world.start("a", route(4, 5)), world.start("b", route(4, 5))
    world.meet()
    await world.until(lambda: sum(world.held().values()) == 20)
    busy = Busy(0.3)
    calls = [asyncio.create_task(busy.call("a", one)) for _ in range(20)]
    await world.until(lambda: sum(busy.now.values()) == 20)
    await asyncio.gather(*calls)


async def test_slots_of_new_replicas_are_shared(world: World) -> None:
    one, two = world.start("a", route(0)), world.start("b", route(0))
    world.meet()
    busy = Busy(0.01)
    calls = [asyncio.create_task(busy.call("a", one)) for _ in range(20)]
    calls += [asyncio.create_task(busy.call("b", two)) for _ in range(20)]
    for number in (1, 3, 2, 5):
        world.apply(route(number))
        await asyncio.sleep(0.02)
    await asyncio.gather(*calls)
    assert set(busy.most.values()) == {1}


async def test_slots_of_a_replica_without_a_route_count_as_held(
    world: World,
) -> None:
    """The watches differ in speed: the owner receives the replica first."""
    one, two = world.start("a", route(0)), world.start("b", route(0))
    world.meet()
    await world.until(lambda: world.peers["a"].owns(REF) and not world.peers["b"].silent_peers)
    busy = Busy(0.01)
    calls = [asyncio.create_task(busy.call("b", two)) for _ in range(4)]
    await world.until(lambda: entry(two).load.now == 4)
    one.apply(route(4))
    await world.until(lambda: len(entry(two).shares or {}) == 4)
    calls += [asyncio.create_task(busy.call("a", one)) for _ in range(4)]
    # messages are in transit here, and a watch may be faster
    slow = world.links.copy()
    world.links.clear()
    await asyncio.sleep(0.15)
    assert not busy.done["a"]
    two.apply(route(4))
    await asyncio.sleep(0.05)
    world.links |= slow
    await asyncio.gather(*calls)
    assert set(busy.most.values()) == {1}


@pytest.mark.parametrize("seed", range(4))
async def test_late_messages_never_overload_a_replica(world: World, seed: int) -> None:
    random = Random(seed)
    concurrency, names = random.choice([1, 1, 2]), ("a", "b", "c")[: random.choice([2, 2, 3])]
    for name in names:
        world.start(name, route(0, concurrency))
    world.meet()
    world.slow = lambda: random.choice([0.0, 0.001, 0.02, 0.06])
    busy, calls = Busy(0.01), []
    for _ in range(25):
        for name in random.sample(names, random.randint(1, len(names))):
            calls += [asyncio.create_task(busy.call(name, world.routers[name])) for _ in range(4)]
        world.spread(route(random.randint(1, 6), concurrency))
        await asyncio.sleep(0.02)
    await asyncio.gather(*calls)
    assert max(busy.most.values()) <= concurrency


async def test_a_replica_that_returns_is_not_overloaded(
    world: World,
) -> None:
    """Its route was removed with a call in flight, and granted again meanwhile."""
    one, two = world.start("a", route(1, 2)), world.start("b", route(1, 2))
    world.meet()
    await world.until(lambda: [held(one), held(two)] == [1, 1])
    lease = two.lease(entry(two))
    assert lease is not None
    two.apply(route(0, 2))
    entry(two).set_shares({"orders-1-0": 2})
    assert claim_of(entry(two)).held == {"orders-1-0": 2}
    assert claim_of(entry(two)).busy == {"orders-1-0": 1}
    lease.release()


async def test_slots_of_a_stopped_gateway_are_reallocated(world: World) -> None:
    one, two = world.start("a", route(2)), world.start("b", route(2))
    world.meet()
    await world.until(lambda: [held(one), held(two)] == [1, 1])
    lease = two.lease(entry(two))
    assert lease is not None
    world.links.clear()
    world.peers["a"].on_inbound_lost("b")
    world.peers["a"].members(())
    busy = Busy(0.0)
    await asyncio.gather(*(busy.call("a", one) for _ in range(4)))
    assert entry(one).shares is None


async def test_slots_of_a_silent_gateway_stay_held_for_a_while(world: World) -> None:
    one, two = world.start("a", route(2)), world.start("b", route(2))
    world.meet()
    await world.until(lambda: [held(one), held(two)] == [1, 1])
    world.links.clear()
    busy = Busy(0.0)
    await asyncio.gather(*(busy.call("a", one) for _ in range(4)))
    assert len(busy.most) == 1
    for _ in range(4):
        world.ahead += 1.0
        world.peers["a"].tick()
    await world.until(lambda: held(one) == 2)


@pytest.mark.parametrize("stopped", ["a", "b"])
async def test_a_stalled_gateway_expires_no_peer_and_releases_its_slots(
    world: World, stopped: str
) -> None:
    """As after SIGSTOP: messages that arrived meanwhile are unread."""
    one, two = world.start("a", route(2)), world.start("b", route(2))
    world.meet()
    await world.until(lambda: [held(one), held(two)] == [1, 1])
    other = "b" if stopped == "a" else "a"
    for _ in range(4):
        world.ahead += 1.0
        world.peers[other].tick()
    world.peers[stopped].tick()
    assert [held(world.routers[name]) for name in (stopped, other)] == [0, 2]
    await world.until(lambda: [held(one), held(two)] == [1, 1])


async def test_a_new_gateway_waits_for_the_reports_of_its_peers(world: World) -> None:
    world.start("a", route(2))
    world.start("b", route(2))
    world.peers["b"].members({"a"})
    await asyncio.sleep(0.02)
    assert world.peers["b"].silent_peers == ["a"]
    assert sum(world.held().values()) == 4  # both assumed that they are alone
    world.meet()
    await world.until(lambda: sum(world.held().values()) == 2)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b'{"claims": {"orders": {"demand": -1}}}',
        b'{"claims": {"orders": {"demand": 1.5}}}',
        b'{"claims": {"orders": {"demand": 1e400}}}',
        b'{"claims": {"orders": {"demand": 9999999999}}}',
        b'{"claims": {"orders": {"held": {"orders-1-0": "1"}}}}',
        b'{"loads": {"orders": {"concurrency": NaN, "in_flight": 0, "waiting": 0, "idle": 0}}}',
        b'{"loads": {"orders": {"concurrency": -1, "in_flight": 0, "waiting": 0, "idle": 0}}}',
        b'{"loads": {"orders": {"concurrency": 1e9, "in_flight": 0, "waiting": 0, "idle": 0}}}',
        b'{"limits": {"orders": {"orders-1-0": true}}}',
        b"{" * 100_000,
    ],
)
async def test_ignores_invalid_messages(world: World, line: bytes) -> None:
    router = world.start("a", route(1))
    peers = world.peers["a"]
    peers.members({"b"})
    peers.on_inbound_link("b")
    peers.receive("b", line)
    peers.tick()
    assert (peers.silent_peers, peers.complete) == (["b"], False)
    assert [sample.concurrency for sample in peers.samples()] == [0.0]
    assert sum(s.limit for s in entry(router).replicas) == 1


def autoscaler(world: World, name: str) -> tuple[Autoscaler, MemoryScaler]:
    scaler = MemoryScaler()
    peers = world.peers[name]
    return (
        Autoscaler(loads=peers, scaler=scaler, clock=world.clock, quorum=peers),
        scaler,
    )


async def ticks(world: World, scalers: list[Autoscaler], number: int) -> None:
    for _ in range(number):
        world.ahead += 2.0
        for one in scalers:
            await one.tick()
        for peers in world.peers.values():
            peers.tick()
        await asyncio.sleep(0)


async def test_the_owner_scales_by_the_load_of_all_gateways(world: World) -> None:
    now = route(2, 10)
    one, two = (
        world.start("a", replace(now, target=1.0)),
        world.start("b", replace(now, target=1.0)),
    )
    world.meet()
    await world.until(lambda: sum(world.held().values()) == 20)
    for router in (one, two):
        for _ in range(3):
            assert router.lease(entry(router)) or router.wait(entry(router), router.clock() + 99)
    (first, first_scaler), (second, second_scaler) = autoscaler(world, "a"), autoscaler(world, "b")
    await ticks(world, [first, second], 3)
    together = first_scaler.requests + second_scaler.requests
    assert together
    assert 3 < together[-1][1] <= 6, "each of them sees three calls"
    assert not (first_scaler.requests and second_scaler.requests)


async def test_no_gateway_stops_a_function_that_another_one_calls(world: World) -> None:
    now = replace(route(1, 10), target=7.0)
    world.start("a", now)
    two = world.start("b", now)
    world.meet()
    await world.until(lambda: held(two) == 5)
    lease = two.lease(entry(two))
    assert lease is not None
    (first, first_scaler), (second, second_scaler) = autoscaler(world, "a"), autoscaler(world, "b")
    await ticks(world, [first, second], 10)
    assert first_scaler.requests + second_scaler.requests == []
    lease.release()
    await ticks(world, [first, second], 7)
    assert (REF, 0) in first_scaler.requests + second_scaler.requests


async def test_does_not_scale_down_without_the_load_of_every_gateway(
    world: World,
) -> None:
    world.start("a", route(1, 10))
    peers = world.peers["a"]
    peers.members({"b"})
    first, first_scaler = autoscaler(world, "a")
    await ticks(world, [first], 10)
    assert first_scaler.requests == []
    peers.members(())
    await ticks(world, [first], 1)
    assert first_scaler.requests == [(REF, 0)]


async def test_waits_until_every_gateway_can_call_a_function(world: World) -> None:
    one, two = world.start("a", route(1)), world.start("b", route(1))
    world.meet()
    await world.until(lambda: sum(world.held().values()) == 1)
    new = replace(route(1), ref=FunctionRef("new"))
    appears = asyncio.create_task(world.peers["a"].wait_for(new.ref, within=10))
    one.apply(new)
    await asyncio.sleep(0.02)
    assert not appears.done()
    two.apply(new)
    await appears


async def test_does_not_wait_for_a_gateway_without_reply(world: World) -> None:
    one = world.start("a", route(1))
    world.start("b", route(1))
    world.meet()
    await world.until(lambda: not world.peers["a"].silent_peers)
    new = replace(route(1), ref=FunctionRef("new"))
    one.apply(new)
    await world.peers["a"].wait_for(new.ref, within=0.05)
