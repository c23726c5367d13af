"""The gateway of the Docker set-up: the function controller has the containers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version

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
from plat_core.services.background import background
from plat_core.services.call_metrics import BUCKETS
from plat_core.services.functions import Functions
from plat_core.services.router import Router

from plat_gateway.app import create_app
from plat_gateway.services import Services
from plat_gateway.settings import GatewaySettings
from plat_gateway.wiring.calls import dispatching, intake_of, queue_at
from plat_gateway.wiring.parts import Platform, guard_of, proxy_of, routed, runtime_view


@asynccontextmanager
async def docker(settings: GatewaySettings) -> AsyncIterator[Platform]:
    """A gateway before a function controller: it starts, and calls go on, without it."""
    async with AsyncExitStack() as stack:
        api = ControllerApi(settings.controller_url, settings.auth_token)
        stack.push_async_callback(api.close)
        builds = RemoteBuilds(settings.builder_url, settings.auth_token)
        stack.push_async_callback(builds.close)
        url_of_calls = settings.database or f"sqlite:///{settings.home.absolute() / 'calls.db'}"
        queue = queue_at(url_of_calls, settings, stack)
        changes: Notifier[FunctionRef] = Notifier()
        store = RemoteFunctionStore(api)
        routes = RemoteRoutes(api)
        router = Router(scaler=routes, complete=lambda: routes.complete)
        guard = guard_of(settings)

        def url(ref: FunctionRef) -> str:
            return f"{settings.url}/function/{ref.segment}"

        async def readiness() -> Mapping[str, str]:
            missing = "the function controller was not reached yet"
            return {} if routes.synced else {"controller": missing}

        catalogue = runtimes.RuntimeCatalog(runtimes.find())
        services = Services(
            functions=Functions(
                store,
                RemoteWorkloads(api),
                changes,
                scaler=routes,
                url=url,
                now=lambda: datetime.now(UTC),
            ),
            builds=builds,
            logs=RemoteLogs(api),
            secrets=RemoteSecretStore(api),
            runtimes=lambda: [runtime_view(runtime) for runtime in catalogue.list()],
            guard=guard,
            readiness=readiness,
            samples=router.totals,
            buckets=BUCKETS,
            routed=routed(router),
            calls=queue.calls,
            backend=settings.backend,
            version=version("plat-faas"),
        )
        await stack.enter_async_context(
            background(
                router.follow(routes),
                Autoscaler(loads=router, scaler=routes, clock=router.clock).run(),
                _announce(store, changes),
            )
        )
        proxy = proxy_of(router, services, settings)
        await stack.enter_async_context(
            dispatching(queue.store, proxy, services, settings, alone=queue.alone)
        )
        intake = intake_of(proxy, services.calls, settings)
        yield Platform(create_app(services, settings), proxy, services, intake)


async def _announce(store: FunctionStore, changes: Notifier[FunctionRef]) -> None:
    """Wake whoever waits here for what others changed there."""
    async for ref in store.watch():
        changes.notify(ref)
