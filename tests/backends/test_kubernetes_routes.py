"""Where a gateway of a cluster sends calls: what its caches say, and nobody is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from plat_backends.kubernetes import Cache, KubernetesFunctionStore, KubernetesRoutes
from plat_backends.kubernetes.kinds import ref_of
from plat_core.model.names import FunctionRef
from plat_core.ports import Route, RouteRemoved

REF = FunctionRef("orders", "team")
IMAGE = "localhost:5001/orders@sha256:" + "a" * 64
HERE, THERE = "tcp:10.0.0.7:8080", "tcp:10.0.0.8:8080"
NEVER: dict[str, Any] = {"image": IMAGE, "concurrency": 100_000}
"""What an earlier schema took and this one refuses."""


def function(version: int, spec: dict[str, Any], *, serving: int = 1) -> dict[str, Any]:
    refused = {"type": "Ready", "status": "False", "reason": "SpecInvalid", "message": "refused"}
    status = {"revision": "orders-1", "conditions": [refused], "rollout": {"serving": serving}}
    metadata = {"name": "orders", "namespace": "team", "uid": "u", "generation": version}
    return {
        "metadata": {**metadata, "resourceVersion": str(version)},
        "spec": spec,
        "status": status,
    }


def child(name: str, **parts: Any) -> dict[str, Any]:
    labels = {"plat.dev/function": "orders", "plat.dev/revision": "1"}
    owner = [{"uid": "u", "controller": True}]
    metadata = {"name": name, "namespace": "team", "uid": name, "labels": labels}
    return {"metadata": {**metadata, "resourceVersion": "1", "ownerReferences": owner}, **parts}


class World:
    """The caches of a gateway, as its watches would fill them."""

    def __init__(self, spec: dict[str, Any], *, replicas: int = 1) -> None:
        nobody: Any = None
        self.functions, children = Cache(ref_of), [Cache() for _ in range(3)]
        revisions, deployments, pods = children
        data = {"image": IMAGE, "created": "2026-01-02T00:00:00Z", "spec": spec}
        revisions.put(child("orders-1", revision=1, data=data))
        deployments.put(child("orders-1", spec={"replicas": replicas}))
        store = KubernetesFunctionStore(nobody, self.functions, revisions, manager="test")
        self.up, self.asked, self.pods = {HERE}, [""], pods
        routes = KubernetesRoutes(
            *(nobody, store, self.functions, deployments, pods), probe_ready=self.answers
        )
        self.watch = routes.watch()
        if replicas:
            self.pod()

    async def answers(self, address: str, deadline: float) -> bool:
        self.asked.append(address)
        return address in self.up

    def pod(self, version: int = 1, *, ready: bool = True, ip: str = "10.0.0.7") -> None:
        condition = {"type": "Ready", "status": str(ready)}
        document = child("orders-1-x", status={"conditions": [condition], "podIP": ip})
        document["metadata"]["resourceVersion"] = str(version)
        self.pods.put(document)

    async def until(self, *addresses: str) -> Route:
        """The route as soon as it leads to these."""
        async with asyncio.timeout(5):
            async for route in self.watch:
                if isinstance(route, Route) and addresses == tuple(_addresses(route)):
                    return route
        raise AssertionError("the routes ended")


async def served(world: World, spec: dict[str, Any], *addresses: str) -> Route:
    world.functions.put(function(1, spec))
    return await world.until(*addresses)


def _addresses(route: Route) -> list[str]:
    return [endpoint.address for endpoint in route.endpoints]


async def test_a_function_whose_new_spec_is_refused_is_served_as_its_revision_was_made() -> None:
    route = await served(World({"image": IMAGE, "timeout": "7s"}), NEVER | {"timeout": "9s"}, HERE)
    assert (route.state, route.timeout, route.concurrency) == ("ready", 7, 20)


async def test_a_revision_that_is_refused_itself_is_served_without_the_guilty_field() -> None:
    route = await served(World({**NEVER, "timeout": "7s"}), NEVER, HERE)
    assert (route.state, route.timeout, route.concurrency) == ("ready", 7, 20)


async def test_one_that_sleeps_can_be_woken() -> None:
    assert (await served(World({"image": IMAGE}, replicas=0), NEVER)).state == "asleep"


@pytest.mark.parametrize(
    ("made", "wanted", "access"),
    [
        ("public", "public", "public"),
        ("public", "token", "token"),
        ("token", "public", "token"),
        ("public", "nobody", "token"),
    ],
)
async def test_of_two_kinds_of_access_the_narrower_holds(
    made: str, wanted: str, access: str
) -> None:
    world = World({"image": IMAGE, "access": made})
    assert (await served(world, {**NEVER, "access": wanted}, HERE)).access == access


async def test_one_that_was_stopped_is_stopped() -> None:
    route = await served(World({"image": IMAGE}), {**NEVER, "suspend": True})
    assert route.state == "suspended"


async def test_nothing_is_routed_where_nothing_of_it_can_be_understood() -> None:
    world = World({"image": IMAGE})
    assert (await served(world, {"image": IMAGE}, HERE)).state == "ready"
    world.functions.put(function(2, NEVER, serving=9))
    assert await anext(world.watch) == RouteRemoved(REF)


async def test_a_pod_that_was_ready_before_is_not_called_until_it_answers() -> None:
    """As after the restart of a node: its address is somebody else's, or nobody's."""
    world = World({"image": IMAGE}, replicas=0)
    world.up = {THERE}
    world.pod()
    await served(world, {"image": IMAGE})
    await asyncio.sleep(0.05)
    world.pod(2, ip="10.0.0.8")
    await world.until(THERE)
    assert set(world.asked[1:]) == {HERE, THERE}


async def test_a_pod_that_is_called_ready_while_it_is_asked_is_called() -> None:
    """The kubelet reaches it, whoever else does."""
    world = World({"image": IMAGE}, replicas=0)
    world.up = set()
    world.pod(ready=False)
    await served(world, {"image": IMAGE})
    world.pod(2)
    await world.until(HERE)


async def test_a_pod_that_begins_anew_is_asked_anew() -> None:
    world = World({"image": IMAGE})
    await served(world, {"image": IMAGE}, HERE)
    world.up = set()
    world.pod(2, ready=False)
    await world.until()
    world.up = {HERE}
    await world.until(HERE)
    assert len(world.asked) > 2


async def test_a_pod_that_goes_is_not_called_any_more() -> None:
    world = World({"image": IMAGE})
    await served(world, {"image": IMAGE}, HERE)
    gone = world.pods.get("team", "orders-1-x")
    assert gone is not None
    world.pods.drop(gone)
    await world.until()
