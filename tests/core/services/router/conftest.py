"""A router with a fixed clock and a scaler that records requests."""

import asyncio
from dataclasses import replace

import pytest
from plat_core.model.names import FunctionRef
from plat_core.ports import Endpoint, Route
from plat_core.services.router import Lease, RouteEntry, Router

from tests.route_fixtures import make_route

REF = FunctionRef("orders")
ASLEEP = make_route(concurrency=2, target=1.4)


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
        self.requests: list[tuple[FunctionRef, int]] = []
        self.error: Exception | None = None

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        self.requests.append((ref, replicas))
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
