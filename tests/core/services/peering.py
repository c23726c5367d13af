"""Several gateways: real routers, replicas that count calls, and messages that may be late."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from functools import partial

from plat_backends.memory.scaler import MemoryScaler
from plat_core.model.names import FunctionRef
from plat_core.ports import Route
from plat_core.services.peers import Peers
from plat_core.services.router import Router

from tests.route_fixtures import make_route

REF = FunctionRef("orders")


def route(replicas: int, concurrency: int = 1) -> Route:
    addresses = [f"tcp:10.0.0.{n}:8080" for n in range(replicas)]
    return make_route("orders", *addresses, concurrency=concurrency, target=0.7, idle=10.0)


class World:
    """Gateways that are linked once they start."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.routers: dict[str, Router] = {}
        self.peers: dict[str, Peers] = {}
        self.links: set[tuple[str, str]] = set()
        self.lines: list[dict[str, object]] = []
        self.slow: Callable[[], float] | None = None
        self._due: dict[str, float] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def clock(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead

    def start(self, name: str, now: Route) -> Router:
        router = Router(scaler=MemoryScaler(), clock=self.clock)
        self.routers[name] = router
        self.peers[name] = peers = Peers(
            name, router, send=lambda to, line: self.send(name, to, line)
        )
        router.apply(now)
        self._tasks.append(asyncio.create_task(peers.run()))
        return router

    def send(self, sender: str, to: str, line: bytes) -> None:
        if (sender, to) in self.links:
            self.lines.append(json.loads(line))
            self._later(f"{sender} {to}", lambda: self.peers[to].receive(sender, line))

    def _later(self, way: str, do: Callable[[], None]) -> None:
        """Deliver messages of one link in order; `slow` returns the delay of each."""
        loop = asyncio.get_running_loop()
        if self.slow is None:
            loop.call_soon(do)
            return
        # the event loop does not keep the order of timers that are due at the same time
        self._due[way] = max(loop.time() + self.slow(), self._due.get(way, 0.0) + 1e-6)
        loop.call_at(self._due[way], do)

    def spread(self, now: Route) -> None:
        """Apply an update at each gateway, at different times."""
        for name, router in self.routers.items():
            self._later(f"watch {name}", partial(router.apply, now))

    def meet(self, *, linked: bool = True) -> None:
        """Report all gateways ready."""
        for name, peers in self.peers.items():
            peers.members(self.peers.keys() - {name})
        for one in self.peers if linked else ():
            for other in self.peers.keys() - {one}:
                self.link(one, other)

    def link(self, one: str, other: str) -> None:
        if (one, other) not in self.links:
            self.links.add((one, other))
            self.peers[other].on_inbound_link(one)
            self.peers[one].on_outbound_link(other)

    def apply(self, now: Route) -> None:
        for router in self.routers.values():
            router.apply(now)

    def held(self) -> dict[str, int]:
        """Return the sum of slots that the gateways may use, by replica."""
        total: Counter[str] = Counter()
        for router in self.routers.values():
            for slots in entry(router).replicas:
                total[slots.endpoint.replica] += slots.limit
        return dict(total)

    async def until(self, look: object) -> None:
        async with asyncio.timeout(10):
            while not look():  # type: ignore[operator]  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()


def entry(router: Router):  # type: ignore[no-untyped-def]
    found = router.lookup("orders")
    assert found is not None
    return found


def held(router: Router) -> int:
    return sum(slots.limit for slots in entry(router).replicas)


class Busy:
    """Calls through routers, with the maximum in flight per replica."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.done: Counter[str] = Counter()

    async def call(self, name: str, router: Router) -> None:
        found = entry(router)
        lease = router.lease(found) or await router.wait(found, router.clock() + 20)
        replica = lease.endpoint.replica
        self.now[replica] += 1
        self.most[replica] = max(self.most[replica], self.now[replica])
        await asyncio.sleep(self.seconds)
        self.now[replica] -= 1
        self.done[name] += 1
        lease.release()
