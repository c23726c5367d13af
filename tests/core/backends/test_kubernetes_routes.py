"""Where a gateway of a cluster sends calls: what its caches say, and nobody is asked."""

from __future__ import annotations

from typing import Any

import pytest
from plat_core.backends.kubernetes import Cache, KubernetesFunctionStore, KubernetesRoutes
from plat_core.backends.kubernetes.kinds import itself
from plat_core.model.names import FunctionRef
from plat_core.ports import Route, RouteRemoved

REF = FunctionRef("orders", "team")
IMAGE = "localhost:5001/orders@sha256:" + "a" * 64
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
        self.functions, children = Cache(itself), [Cache() for _ in range(3)]
        revisions, deployments, pods = children
        data = {"image": IMAGE, "created": "2026-01-02T00:00:00Z", "spec": spec}
        revisions.put(child("orders-1", revision=1, data=data))
        deployments.put(child("orders-1", spec={"replicas": replicas}))
        if replicas:
            ready = {"conditions": [{"type": "Ready", "status": "True"}], "podIP": "10.0.0.7"}
            pods.put(child("orders-1-x", status=ready))
        store = KubernetesFunctionStore(nobody, self.functions, revisions, manager="test")
        routes = KubernetesRoutes(nobody, store, self.functions, deployments, pods)
        self.watch = routes.watch()

    async def route(self, spec: dict[str, Any], *, version: int = 1) -> Route | RouteRemoved:
        self.functions.put(function(version, spec))
        return await anext(self.watch)


async def served(world: World, spec: dict[str, Any]) -> Route:
    route = await world.route(spec)
    assert isinstance(route, Route)
    return route


async def test_a_function_whose_new_spec_is_refused_is_served_as_its_revision_was_made() -> None:
    route = await served(World({"image": IMAGE, "timeout": "7s"}), NEVER | {"timeout": "9s"})
    assert (route.state, route.timeout, route.concurrency) == ("ready", 7, 20)
    assert [e.address for e in route.endpoints] == ["tcp:10.0.0.7:8080"]


async def test_a_revision_that_is_refused_itself_is_served_without_the_guilty_field() -> None:
    route = await served(World({**NEVER, "timeout": "7s"}), NEVER)
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
    assert (await served(world, {**NEVER, "access": wanted})).access == access


async def test_one_that_was_stopped_is_stopped() -> None:
    route = await served(World({"image": IMAGE}), {**NEVER, "suspend": True})
    assert route.state == "suspended"


async def test_nothing_is_routed_where_nothing_of_it_can_be_understood() -> None:
    world = World({"image": IMAGE})
    assert (await served(world, {"image": IMAGE})).state == "ready"
    world.functions.put(function(2, NEVER, serving=9))
    assert await anext(world.watch) == RouteRemoved(REF)
