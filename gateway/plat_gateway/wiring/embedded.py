"""The embedded platform: all services in this process, replicas as child processes."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from plat_backends.embedded import EmbeddedLogs, EmbeddedWorkloads
from plat_backends.replica.timing import ReplicaTiming
from plat_backends.sql import Database, SqlCallStore, SqlFunctionStore, SqlSecretStore
from plat_builder import runtimes
from plat_builder.engines.environment import EnvironmentEngine
from plat_builder.resource import ResourceBuilder
from plat_builder.service import BuildService
from plat_builder.settings import BuildSettings
from plat_core.notifications import Notifier
from plat_core.ports import FunctionStore, LogRecord
from plat_core.services.autoscaler import Autoscaler
from plat_core.services.notifying_store import NotifyingStore

from plat_gateway.proxy.call_records import CallRecord
from plat_gateway.settings import GatewaySettings
from plat_gateway.wiring.assembly import controller_parts
from plat_gateway.wiring.async_calls import create_queue
from plat_gateway.wiring.parts import BackendParts

log = logging.getLogger(__name__)

COLLECT_INTERVAL = 600.0
"""Time (s) between two collections of artifacts that no revision uses."""
FUNCTION_USERS = range(1_900_000_000, 1_900_065_536)
"""User ids for functions if the platform runs as root: above the ids that systemd gives to
containers, and below those that programs read as negative (https://systemd.io/UIDS-GIDS)."""


@asynccontextmanager
async def open_embedded(
    settings: GatewaySettings, building: BuildSettings, network: Mapping[str, str]
) -> AsyncIterator[BackendParts]:
    """Open the parts. On exit, every replica is stopped gracefully.

    `network`: the proxy and CA variables of replicas. Raises PlatError if the state directory
    cannot be used.
    """
    home = settings.home.absolute()
    async with AsyncExitStack() as stack:
        database = await Database.open(f"sqlite:///{home / 'plat.db'}")
        stack.push_async_callback(database.close)
        store = NotifyingStore(SqlFunctionStore(database), Notifier())
        secrets = SqlSecretStore(database)
        logs = EmbeddedLogs(home / "logs")
        stack.push_async_callback(logs.close)
        workloads = await _open_workloads(settings, secrets, logs, network)
        stack.push_async_callback(workloads.close)
        engine = EnvironmentEngine(home, runtimes=runtimes.find(), settings=building)
        builds = BuildService(engine, home / "uploads", building)

        controller, parts = controller_parts(
            backend="embedded",
            store=store,
            workloads=workloads,
            secrets=secrets,
            builds=builds,
            builder=ResourceBuilder(builds),
            logs=logs,
            gateway_url=settings.url,
        )
        router = parts.router
        yield replace(
            parts,
            tasks=lambda: [controller.run(), _collect_artifacts(engine, store)],
            runtimes=engine.catalog.list,
            viewer_token=settings.viewer_token,
            autoscaler=Autoscaler(loads=router, scaler=controller, clock=router.clock),
            calls=create_queue(SqlCallStore(database), settings, alone=True),
            on_call=_access_log(logs) if settings.access_log else None,
            dev=settings.is_dev,
        )


async def _open_workloads(
    settings: GatewaySettings,
    secrets: SqlSecretStore,
    logs: EmbeddedLogs,
    network: Mapping[str, str],
) -> EmbeddedWorkloads:
    return await EmbeddedWorkloads.open(
        settings.home.absolute(),
        secrets=secrets,
        logs=logs,
        run_bases=_run_bases(),
        network=network,
        timing=ReplicaTiming(start=settings.start_timeout),
        users=FUNCTION_USERS,
    )


def _access_log(logs: EmbeddedLogs) -> Callable[[CallRecord], None]:
    """Return a function that adds a line for each call to the logs of its function."""

    def on_call(call: CallRecord) -> None:
        text = f"{call.method} {call.target} {call.status} {call.seconds * 1000:.0f} ms"
        logs.add(
            call.ref,
            LogRecord(logs.now(), "gateway", "", "platform", text, call_id=call.call_id),
        )

    return on_call


def _run_bases() -> Sequence[Path]:
    """Return short directories for sockets, the preferred one first."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return [*([Path(runtime)] if runtime else []), Path("/tmp")]  # noqa: S108 - checked for owner


async def _collect_artifacts(engine: EnvironmentEngine, store: FunctionStore) -> None:
    while True:
        records = await store.list()
        images = {revision.image for record in records for revision in record.revisions}
        used = {image.rpartition("@")[2] for image in images}
        try:
            await engine.collect(used)
        except OSError as error:
            log.warning("unused artifacts could not be removed: %s", error)
        await asyncio.sleep(COLLECT_INTERVAL)
