"""The remote backend against a real controller: methods, errors, watches and outages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from plat_backends.remote import (
    ControllerApi,
    RemoteBuilds,
    RemoteFunctionStore,
    RemoteLogs,
    RemoteRoutes,
    RemoteSecretStore,
    RemoteWorkloads,
)
from plat_backends.remote.api import parse_problem
from plat_core.errors import (
    Conflict,
    FunctionNotFound,
    InvalidInput,
    NotSupported,
    SecretNotFound,
    Unavailable,
)
from plat_core.model.build import BuildOptions, Failed, Finished
from plat_core.model.function import FunctionStatus
from plat_core.model.names import FunctionRef
from plat_core.ports import LogQuery, LogRecord, Route, RouteRemoved
from plat_core.services.router import Router

from ..contract.samples import IMAGE, OTHER, REF, function, image, revision
from ..gateway.api.conftest import TOKEN
from .conftest import Service

T = TypeVar("T")


async def soon(iterator: AsyncIterator[T]) -> T:
    return await asyncio.wait_for(anext(iterator), 30)


async def ready_route(routes: AsyncIterator[Route | RouteRemoved], ref: FunctionRef) -> Route:
    while True:
        update = await soon(routes)
        if isinstance(update, Route) and update.ref == ref and update.state == "ready":
            return update


async def test_functions_are_stored_read_listed_and_deleted(api: ControllerApi) -> None:
    store = RemoteFunctionStore(api)
    stored = await store.put(function(labels={"team": "a"}))
    assert stored.metadata.uid
    await store.put(function(OTHER))
    record = await store.get(REF)
    assert record.function.spec.image == IMAGE
    assert record.function.metadata.labels == {"team": "a"}
    assert [r.function.ref for r in await store.list()] == [REF, OTHER]
    assert [r.function.ref for r in await store.list("team")] == [OTHER]
    await store.delete(OTHER)


async def test_a_function_comes_with_its_revisions_and_the_serving_one(api: ControllerApi) -> None:
    store, routes = RemoteFunctionStore(api), RemoteRoutes(api).watch()
    await store.put(function())
    async with aclosing(routes):
        await ready_route(routes, REF)
    record = await store.get(REF)
    assert [r.number for r in record.revisions] == [1]
    assert record.revisions[0].image == IMAGE


async def test_errors_keep_type_code_and_fix(api: ControllerApi) -> None:
    store = RemoteFunctionStore(api)
    with pytest.raises(FunctionNotFound) as missing:
        await store.get(REF)
    assert missing.value.fix
    await store.put(function())
    with pytest.raises(Conflict):
        await store.put(function(image=image("b"), resource_version="4711"))
    with pytest.raises(SecretNotFound):
        await RemoteSecretStore(api).delete("default", "db")
    with pytest.raises(InvalidInput):
        await api.call("PUT", "/functions/A_B", json={"spec": {"image": IMAGE}})


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"code": "function-not-found"}'])
def test_an_error_without_a_problem_document_is_unavailable(body: bytes) -> None:
    assert isinstance(parse_problem(502, body), Unavailable)


def test_an_unknown_code_is_unavailable() -> None:
    error = parse_problem(418, b'{"code": "teapot", "detail": "short and stout"}')
    assert isinstance(error, Unavailable)
    assert "short and stout" in error.message


async def test_a_rejected_service_token_is_unavailable(
    service: Service,
) -> None:
    api = ControllerApi(service.url, "another")
    with pytest.raises(Unavailable) as caught:
        await RemoteFunctionStore(api).list()
    assert "AUTH_TOKEN" in caught.value.fix
    await api.close()


async def test_operations_of_the_controller_are_not_supported(api: ControllerApi) -> None:
    store, workloads = RemoteFunctionStore(api), RemoteWorkloads(api)
    with pytest.raises(NotSupported):
        await store.purge(REF)
    with pytest.raises(NotSupported):
        await store.put_status(REF, FunctionStatus(), serving=0, failed=0)
    with pytest.raises(NotSupported):
        await store.add_revision(revision(1), keep=1)
    with pytest.raises(NotSupported):
        workloads.watch()
    with pytest.raises(NotSupported):
        await RemoteSecretStore(api).get("default", "db")


async def test_replicas_are_observed(api: ControllerApi) -> None:
    routes = RemoteRoutes(api).watch()
    await RemoteFunctionStore(api).put(function())
    async with aclosing(routes):
        route = await ready_route(routes, REF)
    [replica] = await RemoteWorkloads(api).observe(REF)
    assert (replica.id, replica.state, replica.revision) == (route.endpoints[0].replica, "ready", 1)


async def test_the_watch_of_routes_yields_all_changes_and_removals(api: ControllerApi) -> None:
    store, remote = RemoteFunctionStore(api), RemoteRoutes(api)
    await store.put(function())
    async with aclosing(remote.watch()) as routes:
        route = await ready_route(routes, REF)
        assert remote.synced
        assert (route.revision, route.timeout, route.access) == ("orders-1", 30.0, "token")
        await remote.scale(REF, 3)
        while len(route.endpoints) != 3:
            route = await ready_route(routes, REF)
        await store.delete(REF)
        while not isinstance(update := await soon(routes), RouteRemoved):
            assert update.ref == REF
        assert update.ref == REF


async def test_scaling_an_unknown_function_fails(api: ControllerApi) -> None:
    with pytest.raises(FunctionNotFound):
        await RemoteRoutes(api).scale(REF, 1)


async def test_routes_survive_an_outage_and_follow_the_controllers_return(
    service: Service, api: ControllerApi
) -> None:
    store, remote = RemoteFunctionStore(api), RemoteRoutes(api)
    await store.put(function())
    await store.put(function(OTHER))
    async with aclosing(remote.watch()) as routes:
        before = {(await ready_route(routes, REF)).ref, (await ready_route(routes, OTHER)).ref}
        assert before == {REF, OTHER}
        await service.stop()
        with pytest.raises(Unavailable):
            await store.list()
        with pytest.raises(Unavailable) as caught:
            await remote.scale(REF, 2)
        assert "function-controller" in caught.value.fix
        await service.platform.store.purge(OTHER)
        await service.start()
        update = await soon(routes)
        while not isinstance(update, RouteRemoved):
            update = await soon(routes)
        assert update.ref == OTHER
        await ready_route(routes, REF)


async def test_a_name_is_unknown_only_after_every_route_arrived(
    service: Service, api: ControllerApi
) -> None:
    store, remote = RemoteFunctionStore(api), RemoteRoutes(api)
    await store.put(function())
    await store.put(function(OTHER))
    router = Router(scaler=remote, complete=lambda: remote.complete)
    early = router.unknown("nobody")
    assert (type(early), early.retry_after) == (Unavailable, 1.0)
    async with aclosing(remote.watch()) as routes:
        first, second = await soon(routes), None
        assert isinstance(router.unknown("nobody"), Unavailable)
        while second is None or second.ref == first.ref:
            second = await soon(routes)
    assert isinstance(router.unknown("nobody"), FunctionNotFound)


async def test_the_watch_of_functions_yields_changes_of_other_writers(
    service: Service, api: ControllerApi
) -> None:
    await service.platform.store.put(function())
    async with aclosing(RemoteFunctionStore(api).watch()) as refs:
        assert await soon(refs) == REF
        await service.platform.store.put(function(OTHER))
        while await soon(refs) != OTHER:
            continue


async def test_logs_are_read_and_followed(service: Service, api: ControllerApi) -> None:
    await RemoteFunctionStore(api).put(function())
    logs = service.platform.logs
    time = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    lines = [
        LogRecord(time, "orders-1-a", "orders-1", "stderr", f"line {n} ü", "c" if n else None)
        for n in range(3)
    ]
    for line in lines[:2]:
        logs.add(REF, line)
    remote = RemoteLogs(api)
    assert [r async for r in remote.read(REF, LogQuery())] == lines[:2]
    assert [r async for r in remote.read(REF, LogQuery(call_id="c"))] == lines[1:2]
    async with aclosing(remote.read(REF, LogQuery(tail=1, follow=True))) as following:
        assert await soon(following) == lines[1]
        logs.add(REF, lines[2])
        assert await soon(following) == lines[2]


async def test_secrets_are_written_and_only_their_keys_are_read(
    service: Service, api: ControllerApi
) -> None:
    remote = RemoteSecretStore(api)
    await remote.put("default", "db", {"url": "x", "user": "y"})
    assert await service.platform.secrets.get("default", "db") == {"url": "x", "user": "y"}
    assert await remote.list("default") == {"db": ["url", "user"]}
    await remote.delete("default", "db")
    assert await remote.list("default") == {}


async def test_remote_builds_stream_their_events(service: Service) -> None:
    builds = RemoteBuilds(service.url, TOKEN)

    async def upload() -> AsyncGenerator[bytes, None]:
        yield b"def handler"
        yield b"(request): ..."

    options = BuildOptions(name="orders", runtime="python")
    events = [event async for event in builds.build_upload(upload(), "file", options)]
    assert isinstance(events[-1], Finished)
    assert len(events) == 3
    assert service.platform.builds.uploads == [("file", options, b"def handler(request): ...")]
    await builds.close()


async def test_an_unavailable_builder_is_a_failed_build() -> None:
    builds = RemoteBuilds("http://127.0.0.1:1", TOKEN)
    options = BuildOptions(name="orders")
    [event] = [e async for e in builds.build_upload(b"x", "file", options)]
    assert isinstance(event, Failed)
    assert event.code == "unavailable"
    assert "builder" in event.fix
    await builds.close()
