"""The one place of the controller that opens backends and puts the parts together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from fastapi import FastAPI
from plat_backends.docker import ContainerPolicy, DockerWorkloads, Engine
from plat_backends.remote import RemoteBuilds
from plat_backends.sql import Database, SqlFunctionStore, SqlSecretStore
from plat_builder.resource import ResourceBuilder
from plat_core.errors import PlatError, Unavailable
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.services.background import background
from plat_core.services.call_metrics import BUCKETS
from plat_core.services.controller import Controller, StatusContext
from plat_core.services.functions import Functions
from plat_core.services.notifying_store import NotifyingStore
from plat_core.services.router import Router
from plat_core.services.tokens import TokenCheck, TokenGuard, token_error
from plat_gateway.app import create_app
from plat_gateway.proxy.limits import HttpLimits
from plat_gateway.proxy.proxy import FunctionProxy
from plat_gateway.services import Services
from plat_http.fixes import describe

from plat_controller import routes
from plat_controller.settings import ControllerSettings


@dataclass(frozen=True, slots=True)
class Platform:
    """A controller that is ready to be served."""

    app: FastAPI
    proxy: FunctionProxy


@asynccontextmanager
async def docker(
    settings: ControllerSettings, environment: Mapping[str, str]
) -> AsyncIterator[Platform]:
    """The controller over Docker; at the end its containers run on, and the next one adopts them.

    `environment`: the proxy and CA variables that containers get. Raises PlatError where Docker or
    the database cannot be used.
    """
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url)
        stack.push_async_callback(database.close)
        changes: Notifier[FunctionRef] = Notifier()
        store = NotifyingStore(SqlFunctionStore(database), changes)
        secrets = SqlSecretStore(database)
        engine = await Engine.connect()
        stack.push_async_callback(engine.close)
        policy = ContainerPolicy(
            instance=settings.instance,
            network=settings.network,
            environment=environment,
            memory=settings.memory_bytes,
            paused=settings.paused,
        )
        workloads = await DockerWorkloads.open(engine, secrets=secrets, policy=policy)
        stack.push_async_callback(workloads.release)
        builds = RemoteBuilds(settings.builder_url, settings.auth_token)
        stack.push_async_callback(builds.close)

        def url(ref: FunctionRef) -> str:
            return f"{settings.gateway_url.rstrip('/')}/function/{ref.segment}"

        def now() -> datetime:
            return datetime.now(UTC)

        controller = Controller(
            store=store,
            workloads=workloads,
            builder=ResourceBuilder(builds),
            secrets=secrets,
            context=StatusContext(now=now, url=url, describe_fix=describe),
        )
        router = Router(scaler=controller, complete=lambda: controller.synced)
        guard = TokenGuard(settings.auth_token, failures=settings.auth_failures)

        async def readiness() -> Mapping[str, str]:
            try:
                await database.ping()
            except Unavailable as error:
                return {"database": error.message}
            return {} if controller.synced else {"controller": "still looks at what is stored"}

        services = Services(
            functions=Functions(store, workloads, changes, scaler=controller, url=url, now=now),
            builds=builds,
            logs=workloads.logs,
            secrets=secrets,
            runtimes=lambda: [],
            guard=guard,
            readiness=readiness,
            samples=router.totals,
            buckets=BUCKETS,
            backend="docker",
            version=version("plat-faas"),
        )
        app = create_app(services, settings)
        app.state.sources = routes.Sources(store, controller, controller)
        app.include_router(routes.router)
        await stack.enter_async_context(
            background(controller.run(), router.follow(controller), workloads.wait_failed())
        )
        yield Platform(app, _proxy(router, guard, settings))


def _proxy(router: Router, guard: TokenGuard, settings: ControllerSettings) -> FunctionProxy:
    def admit(header: bytes | None, client: str) -> PlatError | None:
        verdict = guard.authenticate(header, client)
        return None if verdict is TokenCheck.ALLOWED else token_error(verdict)

    limits = HttpLimits(body_bytes=max(settings.build_limit, settings.json_limit))
    return FunctionProxy(router, authorize=admit, limits=limits, origins=settings.cors_origins)
