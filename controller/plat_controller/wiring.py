"""Composition of the controller: the only module that opens its backends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from plat_backends.docker import ContainerPolicy, DockerWorkloads, Engine
from plat_backends.remote import RemoteBuilds
from plat_backends.sql import Database, SqlFunctionStore, SqlSecretStore
from plat_builder.resource import ResourceBuilder
from plat_core.errors import Unavailable
from plat_core.notifications import Notifier
from plat_core.services.notifying_store import NotifyingStore
from plat_core.services.router import Router
from plat_gateway.services import skip_wait
from plat_gateway.wiring.assembly import Platform, assemble, controller_parts
from plat_gateway.wiring.parts import BackendParts

from plat_controller import routes
from plat_controller.settings import ControllerSettings


@asynccontextmanager
async def docker(
    settings: ControllerSettings, environment: Mapping[str, str]
) -> AsyncIterator[Platform]:
    """Run the controller over Docker. Its containers keep running; the next controller adopts them.

    `environment`: the proxy and CA variables of containers. Raises PlatError if Docker or the
    database cannot be used.
    """
    async with (
        _open_docker(settings, environment) as parts,
        assemble(parts, settings) as platform,
    ):
        platform.app.state.sources = routes.RouteServices(parts.store, parts.resolver, parts.scaler)
        platform.app.include_router(routes.router)
        yield platform


@asynccontextmanager
async def _open_docker(
    settings: ControllerSettings, environment: Mapping[str, str]
) -> AsyncIterator[BackendParts]:
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url)
        stack.push_async_callback(database.close)
        store = NotifyingStore(SqlFunctionStore(database), Notifier())
        secrets = SqlSecretStore(database)
        engine = await Engine.connect()
        stack.push_async_callback(engine.close)
        policy = _policy(settings, environment)
        workloads = await DockerWorkloads.open(engine, secrets=secrets, policy=policy)
        stack.push_async_callback(workloads.release)
        builds = RemoteBuilds(settings.builder_url, settings.auth_token)
        stack.push_async_callback(builds.close)

        controller, parts = controller_parts(
            backend="docker",
            store=store,
            workloads=workloads,
            secrets=secrets,
            builds=builds,
            builder=ResourceBuilder(builds),
            logs=workloads.logs,
            gateway_url=settings.gateway_url,
        )

        async def readiness() -> Mapping[str, str]:
            try:
                await database.ping()
            except Unavailable as error:
                return {"database": error.message}
            return await parts.readiness()

        yield replace(
            parts,
            router=Router(scaler=controller, complete=lambda: controller.synced),
            readiness=readiness,
            tasks=lambda: [controller.run(), workloads.wait_failed()],
            routed=skip_wait,
        )


def _policy(settings: ControllerSettings, environment: Mapping[str, str]) -> ContainerPolicy:
    return ContainerPolicy(
        instance=settings.instance,
        network=settings.network,
        environment=environment,
        memory=settings.memory_bytes,
        paused=settings.paused,
    )
