"""The gateway of the Docker set-up: the function controller manages the containers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from plat_backends.remote import (
    ControllerApi,
    RemoteBuilds,
    RemoteFunctionStore,
    RemoteLogs,
    RemoteRoutes,
    RemoteSecretStore,
    RemoteWorkloads,
)
from plat_builder import runtimes
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.ports import FunctionStore
from plat_core.services.autoscaler import Autoscaler
from plat_core.services.router import Router

from plat_gateway.settings import GatewaySettings
from plat_gateway.wiring.async_calls import open_queue
from plat_gateway.wiring.parts import BackendParts


@asynccontextmanager
async def open_docker(settings: GatewaySettings) -> AsyncIterator[BackendParts]:
    """Open the parts. While the controller is away, calls go to the replicas known so far."""
    async with AsyncExitStack() as stack:
        api = ControllerApi(settings.controller_url, settings.auth_token)
        stack.push_async_callback(api.close)
        builds = RemoteBuilds(settings.builder_url, settings.auth_token)
        stack.push_async_callback(builds.close)
        changes: Notifier[FunctionRef] = Notifier()
        store, routes = RemoteFunctionStore(api), RemoteRoutes(api)
        router = Router(scaler=routes, complete=lambda: routes.complete)

        async def readiness() -> Mapping[str, str]:
            missing = "the function controller was not reached yet"
            return {} if routes.synced else {"controller": missing}

        database = settings.database or f"sqlite:///{settings.home.absolute() / 'calls.db'}"
        yield BackendParts(
            backend="docker",
            function_url=lambda ref: ref.url_at(settings.url),
            store=store,
            workloads=RemoteWorkloads(api),
            changes=changes,
            scaler=routes,
            resolver=routes,
            router=router,
            builds=builds,
            logs=RemoteLogs(api),
            secrets=RemoteSecretStore(api),
            readiness=readiness,
            tasks=lambda: [_notify_changes(store, changes)],
            runtimes=runtimes.RuntimeCatalog(runtimes.find()).list,
            viewer_token=settings.viewer_token,
            autoscaler=Autoscaler(loads=router, scaler=routes, clock=router.clock),
            calls=open_queue(database, settings, stack),
        )


async def _notify_changes(store: FunctionStore, changes: Notifier[FunctionRef]) -> None:
    async for ref in store.watch():
        changes.notify(ref)
