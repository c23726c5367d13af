"""The autoscaler's loop: when it scales, and when it does not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from plat_backends.memory.scaler import MemoryScaler
from plat_core.model.names import FunctionRef
from plat_core.ports import Route
from plat_core.services.autoscaler import Autoscaler

from tests.route_fixtures import make_route

REF = FunctionRef("orders")


@dataclass
class Load:
    """The load of one function."""

    route: Route
    concurrency: float = 0.0
    in_flight: int = 0
    waiting: int = 0
    active_at: float = 0.0


class World:
    """One function with its load and a clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.load = Load(route(1))
        self.scaler = MemoryScaler()
        self.autoscaler = Autoscaler(loads=self, scaler=self.scaler, clock=lambda: self.now)

    def samples(self) -> list[Load]:
        return [self.load]

    async def tick(self) -> list[tuple[FunctionRef, int]]:
        """Return the requests of the next tick, two seconds later."""
        self.now += 2.0
        before = len(self.scaler.requests)
        await self.autoscaler.tick()
        return self.scaler.requests[before:]


def route(ready: int) -> Route:
    addresses = [f"unix:/{n}" for n in range(ready)]
    return make_route("orders", *addresses, state="ready", concurrency=10, target=1.0, idle=10.0)


@pytest.fixture
def world() -> World:
    return World()


async def test_does_not_request_the_present_number(world: World) -> None:
    """The function may just have been scaled to zero: a request would keep it awake."""
    assert await world.tick() == []


async def test_requests_more_replicas_until_they_are_ready(world: World) -> None:
    world.load = Load(route(1), concurrency=4.0, in_flight=4)
    for _ in range(2):
        world.load.active_at = world.now
        assert await world.tick() == [(REF, 4)]
    world.load.route = route(4)
    assert await world.tick() == []


async def test_scales_to_zero_after_idle(world: World) -> None:
    asked = [await world.tick() for _ in range(6)]
    assert asked == [[], [], [], [], [], [(REF, 0)]]


async def test_does_not_scale_to_zero_while_a_call_waits(world: World) -> None:
    world.load.waiting = 1
    assert [await world.tick() for _ in range(7)] == [[]] * 7


async def test_skips_a_function_without_replicas_and_calls(world: World) -> None:
    world.load = Load(route(0))
    assert await world.tick() == []
