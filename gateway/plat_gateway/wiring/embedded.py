"""The embedded platform: everything in this process, replicas as processes beside it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from plat_backends.embedded import EmbeddedLogs, EmbeddedWorkloads
from plat_backends.replica.timing import ReplicaTiming
from plat_backends.sql import Database, SqlCallStore, SqlFunctionStore, SqlSecretStore
from plat_builder import runtimes
from plat_builder.engines.environment import EnvironmentEngine
from plat_builder.resource import ResourceBuilder
from plat_builder.service import BuildService
from plat_builder.settings import BuildSettings
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.ports import FunctionStore, LogRecord
from plat_core.services.async_calls import AsyncCalls
from plat_core.services.autoscaler import Autoscaler
from plat_core.services.background import background
from plat_core.services.call_metrics import BUCKETS
from plat_core.services.controller import Controller, StatusContext
from plat_core.services.functions import Functions
from plat_core.services.notifying_store import NotifyingStore
from plat_core.services.router import Router
from plat_http.fixes import describe

from plat_gateway.app import create_app
from plat_gateway.notices import Notices
from plat_gateway.proxy.call_records import CallRecord
from plat_gateway.services import Services
from plat_gateway.settings import GatewaySettings
from plat_gateway.wiring.calls import dispatching, intake_of, policy_of
from plat_gateway.wiring.parts import Platform, guard_of, proxy_of, routed, runtime_view

log = logging.getLogger(__name__)

HOUSEKEEPING = 600.0
"""Seconds between two rounds of collecting artifacts that no revision names."""
FUNCTION_USERS = range(1_900_000_000, 1_900_065_536)
"""User ids for functions where the platform is root: above what systemd gives to containers, and
below what programs take for a negative number (https://systemd.io/UIDS-GIDS)."""


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
        changes: Notifier[FunctionRef] = Notifier()
        store = NotifyingStore(SqlFunctionStore(database), changes)
        secrets = SqlSecretStore(database)
        queue = SqlCallStore(database)
        logs = EmbeddedLogs(home / "logs")
        stack.push_async_callback(logs.close)
        workloads = await EmbeddedWorkloads.open(
            home,
            secrets=secrets,
            logs=logs,
            run_bases=_run_bases(),
            network=network,
            timing=ReplicaTiming(start=settings.start_timeout),
            users=FUNCTION_USERS,
        )
        stack.push_async_callback(workloads.close)
        engine = EnvironmentEngine(home, runtimes=runtimes.find(), settings=building)
        builds = BuildService(engine, home / "uploads", building)

        def url(ref: FunctionRef) -> str:
            return f"{settings.url}/function/{ref.segment}"

        def now() -> datetime:
            return datetime.now(UTC)

        controller = Controller(
            store=store,
            workloads=workloads,
            builder=ResourceBuilder(builds),
            secrets=secrets,
            context=StatusContext(now=now, url=url, describe_fix=describe),
        )
        router = Router(scaler=controller)
        autoscaler = Autoscaler(loads=router, scaler=controller, clock=router.clock)
        guard = guard_of(settings)

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
            runtimes=lambda: [runtime_view(runtime) for runtime in engine.catalog.list()],
            guard=guard,
            readiness=readiness,
            samples=router.totals,
            buckets=BUCKETS,
            routed=routed(router),
            calls=AsyncCalls(queue, policy=policy_of(settings)),
            backend=settings.backend,
            version=version("plat-faas"),
            notices=Notices() if settings.is_dev else None,
        )
        await stack.enter_async_context(
            background(
                controller.run(),
                router.follow(controller),
                autoscaler.run(),
                _keep_house(engine, store),
            )
        )
        on_call = _access_log(logs) if settings.access_log else None
        proxy = proxy_of(router, services, settings, on_call)
        await stack.enter_async_context(dispatching(queue, proxy, services, settings, alone=True))
        intake = intake_of(proxy, services.calls, settings)
        yield Platform(create_app(services, settings), proxy, services, intake)


def _access_log(logs: EmbeddedLogs) -> Callable[[CallRecord], None]:
    """Puts a line for each call among those of the function that was called."""

    def on_call(call: CallRecord) -> None:
        text = f"{call.method} {call.target} {call.status} {call.seconds * 1000:.0f} ms"
        logs.add(
            call.ref,
            LogRecord(logs.now(), "gateway", "", "platform", text, call_id=call.call_id),
        )

    return on_call


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
