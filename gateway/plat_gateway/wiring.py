"""The one place of the gateway that opens backends and puts the parts together."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from plat_builder import runtimes
from plat_builder.engines.environment import EnvironmentEngine
from plat_builder.resource import ResourceBuilder
from plat_builder.service import BuildService
from plat_builder.settings import BuildSettings
from plat_core.backends.embedded import EmbeddedLogs, EmbeddedWorkloads, Timing
from plat_core.backends.kubernetes import (
    Api,
    Caches,
    KubernetesFunctionStore,
    KubernetesLogs,
    KubernetesRoutes,
    KubernetesSecretStore,
    KubernetesWorkloads,
    PodPolicy,
    Reflector,
    kinds,
)
from plat_core.backends.remote import (
    ControllerApi,
    RemoteBuilds,
    RemoteFunctionStore,
    RemoteLogs,
    RemoteRoutes,
    RemoteSecretStore,
    RemoteWorkloads,
)
from plat_core.backends.sql import Database, SqlFunctionStore, SqlSecretStore
from plat_core.errors import PlatError
from plat_core.model.names import FunctionRef
from plat_core.ports import FunctionStore, LogRecord
from plat_core.services.autoscaler import Autoscaler
from plat_core.services.changes import AnnouncingStore, Changes
from plat_core.services.controller import Controller
from plat_core.services.functions import Functions
from plat_core.services.invoke import Router
from plat_core.services.load import BUCKETS
from plat_core.services.tokens import TokenGuard, Verdict, refusal

from plat_gateway.app import create_app
from plat_gateway.notices import Notices
from plat_gateway.proxy.limits import Limits
from plat_gateway.proxy.proxy import Proxy
from plat_gateway.proxy.records import CallRecord
from plat_gateway.routes.documents import RuntimeView
from plat_gateway.services import Services
from plat_gateway.settings import GatewaySettings

log = logging.getLogger(__name__)

HOUSEKEEPING = 600.0
"""Seconds between two rounds of collecting artifacts that no revision names."""
FUNCTION_USERS = range(1_900_000_000, 1_900_065_536)
"""User ids for functions where the platform is root: above what systemd gives to containers, and
below what programs take for a negative number (https://systemd.io/UIDS-GIDS)."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A gateway that is ready to be served."""

    app: FastAPI
    proxy: Proxy
    services: Services


@asynccontextmanager
async def embedded(
    settings: GatewaySettings, building: BuildSettings, network: Mapping[str, str]
) -> AsyncIterator[Platform]:
    """The whole platform in this process; at the end every replica is stopped gracefully.

    `network`: the proxy and CA variables that replicas get. Raises PlatError where the state
    directory cannot be used.
    """
    home = settings.home.absolute()
    async with AsyncExitStack() as stack:
        database = await Database.open(f"sqlite:///{home / 'plat.db'}")
        stack.push_async_callback(database.close)
        changes = Changes()
        store = AnnouncingStore(SqlFunctionStore(database), changes)
        secrets = SqlSecretStore(database)
        logs = EmbeddedLogs(home / "logs")
        stack.push_async_callback(logs.close)
        workloads = await EmbeddedWorkloads.open(
            home,
            secrets=secrets,
            logs=logs,
            run_bases=_run_bases(),
            network=network,
            timing=Timing(start=settings.start_timeout),
            users=FUNCTION_USERS,
        )
        stack.push_async_callback(workloads.close)
        engine = EnvironmentEngine(home, runtimes=runtimes.find(), settings=building)
        builds = BuildService(
            engine, home / "uploads", building.limits, concurrent=building.concurrent
        )

        def url(ref: FunctionRef) -> str:
            return f"{settings.url}/function/{ref.segment}"

        def now() -> datetime:
            return datetime.now(UTC)

        controller = Controller(
            store=store,
            workloads=workloads,
            builder=ResourceBuilder(builds),
            secrets=secrets,
            now=now,
            url=url,
        )
        router = Router(scaler=controller)
        autoscaler = Autoscaler(loads=router, scaler=controller, clock=router.clock)
        guard = TokenGuard(settings.auth_token, failures=settings.auth_failures)

        async def readiness() -> Mapping[str, str]:
            return {} if controller.synced else {"controller": "still looks at what is stored"}

        services = Services(
            functions=Functions(
                store,
                workloads,
                changes,
                scaler=controller,
                debugging=settings.is_dev,
                url=url,
                now=now,
            ),
            builds=builds,
            logs=logs,
            secrets=secrets,
            runtimes=lambda: [_runtime_view(runtime) for runtime in engine.catalogue.list()],
            guard=guard,
            readiness=readiness,
            samples=router.totals,
            buckets=BUCKETS,
            backend=settings.backend,
            version=version("plat-faas"),
            notices=Notices() if settings.is_dev else None,
        )
        await stack.enter_async_context(
            _background(
                controller.run(),
                router.follow(controller),
                autoscaler.run(),
                _keep_house(engine, store),
            )
        )
        yield Platform(
            create_app(services, settings), _proxy(router, services, settings, logs), services
        )


@asynccontextmanager
async def docker(settings: GatewaySettings) -> AsyncIterator[Platform]:
    """A gateway before a function controller: it starts, and calls go on, without it."""
    async with AsyncExitStack() as stack:
        api = ControllerApi(settings.controller_url, settings.auth_token)
        stack.push_async_callback(api.close)
        builds = RemoteBuilds(settings.builder_url, settings.auth_token)
        stack.push_async_callback(builds.close)
        changes = Changes()
        store = RemoteFunctionStore(api)
        routes = RemoteRoutes(api)
        router = Router(scaler=routes)
        guard = TokenGuard(settings.auth_token, failures=settings.auth_failures)

        def url(ref: FunctionRef) -> str:
            return f"{settings.url}/function/{ref.segment}"

        async def readiness() -> Mapping[str, str]:
            missing = "the function controller was not reached yet"
            return {} if routes.synced else {"controller": missing}

        catalogue = runtimes.Catalogue(runtimes.find())
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
            runtimes=lambda: [_runtime_view(runtime) for runtime in catalogue.list()],
            guard=guard,
            readiness=readiness,
            samples=router.totals,
            buckets=BUCKETS,
            backend=settings.backend,
            version=version("plat-faas"),
        )
        await stack.enter_async_context(
            _background(
                router.follow(routes),
                Autoscaler(loads=router, scaler=routes, clock=router.clock).run(),
                _announce(store, changes),
            )
        )
        yield Platform(
            create_app(services, settings), _proxy(router, services, settings, None), services
        )


@asynccontextmanager
async def kubernetes(settings: GatewaySettings) -> AsyncIterator[Platform]:
    """A gateway in a cluster: with the API server away, calls go on to the replicas it knows."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(Api.open())
        builds = RemoteBuilds(settings.builder_url, settings.auth_token)
        stack.push_async_callback(builds.close)
        caches = Caches()
        changes = Changes()
        caches.functions.listen(lambda document: changes.announce(kinds.itself(document)))
        store = KubernetesFunctionStore(
            api, caches.functions, caches.revisions, manager="plat-gateway"
        )
        routes = KubernetesRoutes(api, store, caches.functions, caches.deployments, caches.pods)
        stack.push_async_callback(routes.close)
        reflectors = _reflectors(api, caches)
        router = Router(scaler=routes)
        guard = TokenGuard(settings.auth_token, failures=settings.auth_failures)

        def url(ref: FunctionRef) -> str:
            return f"{settings.url}/function/{ref.segment}"

        async def readiness() -> Mapping[str, str]:
            unseen = [r.kind.plural for r in reflectors if not r.synced.is_set()]
            return dict.fromkeys(unseen, "was not listed yet")

        catalogue = runtimes.Catalogue(runtimes.find())
        services = Services(
            functions=Functions(
                store,
                KubernetesWorkloads(api, caches, PodPolicy()),
                changes,
                scaler=routes,
                url=url,
                now=lambda: datetime.now(UTC),
            ),
            builds=builds,
            logs=KubernetesLogs(api, caches.pods),
            secrets=KubernetesSecretStore(api),
            runtimes=lambda: [_runtime_view(runtime) for runtime in catalogue.list()],
            guard=guard,
            readiness=readiness,
            samples=router.totals,
            buckets=BUCKETS,
            backend=settings.backend,
            version=version("plat-faas"),
        )
        await stack.enter_async_context(
            _background(
                *(reflector.run() for reflector in reflectors),
                router.follow(routes),
                Autoscaler(loads=router, scaler=routes, clock=router.clock).run(),
            )
        )
        yield Platform(
            create_app(services, settings), _proxy(router, services, settings, None), services
        )


def _reflectors(api: Api, caches: Caches) -> list[Reflector]:
    """What a gateway watches: Functions, their sizes and their pods."""
    ours = kinds.SELECTOR
    return [
        Reflector(api, kinds.FUNCTIONS, caches.functions),
        Reflector(api, kinds.REVISIONS, caches.revisions, selector=ours),
        Reflector(api, kinds.DEPLOYMENTS, caches.deployments, selector=ours),
        Reflector(api, kinds.PODS, caches.pods, selector=ours),
    ]


async def _announce(store: FunctionStore, changes: Changes) -> None:
    """Wake whoever waits here for what others changed there."""
    async for ref in store.watch():
        changes.announce(ref)


def _proxy(
    router: Router, services: Services, settings: GatewaySettings, logs: EmbeddedLogs | None
) -> Proxy:
    def admit(header: bytes | None, client: str) -> PlatError | None:
        verdict = services.guard.authenticate(header, client)
        if verdict is Verdict.ALLOWED:
            return None
        error = refusal(verdict)
        if verdict is Verdict.BLOCKED:
            error.retry_after = services.guard.retry_after(client)
        return error

    return Proxy(
        router,
        admit=admit,
        limits=Limits(body_bytes=max(settings.build_limit, settings.json_limit)),
        origins=settings.cors_origins,
        notices=services.notices.lines if services.notices else None,
        on_call=_access_log(logs) if logs and settings.access_log else None,
    )


def _access_log(logs: EmbeddedLogs) -> Callable[[CallRecord], None]:
    """Puts a line for each call among those of the function that was called."""

    def on_call(call: CallRecord) -> None:
        text = f"{call.method} {call.target} {call.status} {call.seconds * 1000:.0f} ms"
        logs.add(
            call.ref,
            LogRecord(logs.now(), "gateway", "", "platform", text, call_id=call.call_id),
        )

    return on_call


def _runtime_view(runtime: runtimes.Runtime) -> RuntimeView:
    about = runtime.description
    return RuntimeView(
        name=about.name,
        language=about.language,
        description=about.description,
        handler=about.handler,
        template=runtime.files,
    )


def _run_bases() -> Sequence[Path]:
    """Short directories for sockets, the best first."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return [*([Path(runtime)] if runtime else []), Path("/tmp")]  # noqa: S108 - checked for owner


async def _keep_house(engine: EnvironmentEngine, store: FunctionStore) -> None:
    while True:
        records = await store.list()
        images = {revision.image for record in records for revision in record.revisions}
        kept = {image.rpartition("@")[2] for image in images}
        try:
            await engine.collect(kept)
        except OSError as error:
            log.warning("what no revision needs could not be removed: %s", error)
        await asyncio.sleep(HOUSEKEEPING)


@asynccontextmanager
async def _background(*work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run coroutines beside the body; one that fails ends the body with its error."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in work]
            yield
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as errors:
        # one error is told as itself, so that who started the platform can read it
        raise (errors.exceptions[0] if len(errors.exceptions) == 1 else errors) from None
