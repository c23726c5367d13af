"""Routes of a gateway in a cluster, derived from its caches."""

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
INVALID_SPEC: dict[str, Any] = {"image": IMAGE, "concurrency": 100_000}
"""Valid in an earlier schema, invalid in this one."""


def function(version: int, spec: dict[str, Any], *, serving: int = 1) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "False", "reason": "SpecInvalid", "message": "invalid"}
    status = {"revision": "orders-1", "conditions": [condition], "rollout": {"serving": serving}}
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
    """Routes over the caches of a gateway, without an API server."""

    def __init__(self, spec: dict[str, Any], *, replicas: int = 1) -> None:
        no_api: Any = None
        self.functions, children = Cache(ref_of), [Cache() for _ in range(3)]
        revisions, deployments, pods = children
        data = {"image": IMAGE, "created": "2026-01-02T00:00:00Z", "spec": spec}
        revisions.put(child("orders-1", revision=1, data=data))
        deployments.put(child("orders-1", spec={"replicas": replicas}))
        store = KubernetesFunctionStore(no_api, self.functions, revisions, manager="test")
        self.up, self.probed, self.pods = {HERE}, [""], pods
        routes = KubernetesRoutes(
            *(no_api, store, self.functions, deployments, pods), probe_ready=self.probe_ready
        )
        self.watch = routes.watch()
        if replicas:
            self.pod()

    async def probe_ready(self, address: str, deadline: float) -> bool:
        self.probed.append(address)
        return address in self.up

    def pod(self, version: int = 1, *, ready: bool = True, ip: str = "10.0.0.7") -> None:
        condition = {"type": "Ready", "status": str(ready)}
        document = child("orders-1-x", status={"conditions": [condition], "podIP": ip})
        document["metadata"]["resourceVersion"] = str(version)
        self.pods.put(document)

    async def until(self, *addresses: str) -> Route:
        """Wait for a route with these addresses."""
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


async def test_serves_the_last_revision_of_a_function_with_an_invalid_spec() -> None:
    route = await served(
        World({"image": IMAGE, "timeout": "7s"}), INVALID_SPEC | {"timeout": "9s"}, HERE
    )
    assert (route.state, route.timeout, route.concurrency) == ("ready", 7, 20)


async def test_serves_an_invalid_revision_without_the_invalid_field() -> None:
    route = await served(World({**INVALID_SPEC, "timeout": "7s"}), INVALID_SPEC, HERE)
    assert (route.state, route.timeout, route.concurrency) == ("ready", 7, 20)


async def test_a_sleeping_function_with_an_invalid_spec_can_be_woken() -> None:
    assert (await served(World({"image": IMAGE}, replicas=0), INVALID_SPEC)).state == "asleep"


@pytest.mark.parametrize(
    ("revision", "spec", "access"),
    [
        ("public", "public", "public"),
        ("public", "token", "token"),
        ("token", "public", "token"),
        ("public", "invalid", "token"),
    ],
)
async def test_uses_the_stricter_access_of_spec_and_revision(
    revision: str, spec: str, access: str
) -> None:
    world = World({"image": IMAGE, "access": revision})
    assert (await served(world, {**INVALID_SPEC, "access": spec}, HERE)).access == access


async def test_a_suspended_function_with_an_invalid_spec_stays_suspended() -> None:
    route = await served(World({"image": IMAGE}), {**INVALID_SPEC, "suspend": True})
    assert route.state == "suspended"


async def test_removes_the_route_if_spec_and_revision_are_unreadable() -> None:
    world = World({"image": IMAGE})
    assert (await served(world, {"image": IMAGE}, HERE)).state == "ready"
    world.functions.put(function(2, INVALID_SPEC, serving=9))
    assert await anext(world.watch) == RouteRemoved(REF)


async def test_probes_a_pod_that_was_ready_before_the_first_list() -> None:
    """After the restart of a node, its address may be unused or belong to another pod."""
    world = World({"image": IMAGE}, replicas=0)
    world.up = {THERE}
    world.pod()
    await served(world, {"image": IMAGE})
    await asyncio.sleep(0.05)
    world.pod(2, ip="10.0.0.8")
    await world.until(THERE)
    assert set(world.probed[1:]) == {HERE, THERE}


async def test_uses_a_pod_that_becomes_ready_while_its_probe_fails() -> None:
    """The kubelet's probe succeeded, although the gateway's did not yet."""
    world = World({"image": IMAGE}, replicas=0)
    world.up = set()
    world.pod(ready=False)
    await served(world, {"image": IMAGE})
    world.pod(2)
    await world.until(HERE)


async def test_probes_a_restarted_pod_again() -> None:
    world = World({"image": IMAGE})
    await served(world, {"image": IMAGE}, HERE)
    world.up = set()
    world.pod(2, ready=False)
    await world.until()
    world.up = {HERE}
    await world.until(HERE)
    assert len(world.probed) > 2


async def test_removes_the_endpoint_of_a_deleted_pod() -> None:
    world = World({"image": IMAGE})
    await served(world, {"image": IMAGE}, HERE)
    pod = world.pods.get("team", "orders-1-x")
    assert pod is not None
    world.pods.drop(pod)
    await world.until()
