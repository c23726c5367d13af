"""The control loop around the pure plan: observe, plan, apply.

Level-based: each reconciliation reads the whole state of one function and does what is missing, so
a lost or repeated notification does no harm.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from plat_core.errors import FunctionNotFound
from plat_core.fix import DescribeFix
from plat_core.model.function import FunctionSpec
from plat_core.model.names import FunctionRef, SecretRef
from plat_core.notifications import LatestValues
from plat_core.ports import (
    FunctionStore,
    Record,
    Revision,
    Route,
    RouteRemoved,
    SecretVersions,
    Workload,
    Workloads,
)
from plat_core.services.readiness import BuildState, Observed
from plat_core.services.reconcile import ReconcilePlan, outdated, plan
from plat_core.services.sources import BuiltImage, SourceBuild, SourceBuilder, source_key
from plat_core.services.workqueue import QueueMetrics, WorkQueue

log = logging.getLogger(__name__)

MAX_REVISIONS = 10


@dataclass(frozen=True, slots=True)
class StatusContext:
    """What a status is made of besides the state of the function.

    `now` reads the wall clock, `url` returns where a function is called, and `describe_fix` words
    the hints.
    """

    now: Callable[[], datetime]
    url: Callable[[FunctionRef], str]
    describe_fix: DescribeFix


class Controller:
    """Reconciles all functions of one store; implements `Resolver` and `Scaler`."""

    def __init__(
        self,
        *,
        store: FunctionStore,
        workloads: Workloads,
        builder: SourceBuilder,
        secrets: SecretVersions,
        context: StatusContext,
        demand: Callable[[Record], int] | None = None,
        max_concurrency: int | None = None,
    ) -> None:
        """Create a controller.

        `demand` returns the replicas that the load requires if they are stored elsewhere, such as
        in the size of a Deployment; by default the controller stores the last `scale` request.
        `max_concurrency` limits how many functions are reconciled at the same time.
        """
        self._demand = demand
        self._store = store
        self._workloads = workloads
        self._builder = builder
        self._secrets = secrets
        self._context = context
        self._queue: WorkQueue[FunctionRef] = WorkQueue(
            self._reconcile, max_concurrency=max_concurrency
        )
        self._routes: LatestValues[FunctionRef, Route | RouteRemoved] = LatestValues(RouteRemoved)
        self._requested: dict[FunctionRef, int] = {}
        self._generations: dict[FunctionRef, int] = {}
        self._builds: dict[FunctionRef, SourceBuild] = {}
        self._unreconciled: set[FunctionRef] | None = None

    @property
    def metrics(self) -> QueueMetrics:
        """Totals of the reconciliations so far."""
        return self._queue.metrics

    @property
    def depth(self) -> int:
        """Number of functions that are reconciled or waiting."""
        return len(self._queue)

    @property
    def synced(self) -> bool:
        """Whether every function that existed at the start was reconciled once."""
        return self._unreconciled is not None and not self._unreconciled

    async def run(self) -> None:
        """Reconcile until cancelled; replicas keep running afterwards."""
        self._unreconciled = {record.function.ref for record in await self._store.list()}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow(self._store.watch()))
                group.create_task(self._follow(self._workloads.watch()))
                group.create_task(self._follow_secrets(self._secrets.watch()))
        finally:
            for build in self._builds.values():
                build.task.cancel()
            await self._queue.close()

    async def _follow(self, refs: AsyncIterator[FunctionRef]) -> None:
        async for ref in refs:
            self._queue.add(ref)

    async def _follow_secrets(self, changed: AsyncIterator[SecretRef]) -> None:
        async for secret in changed:
            for record in await self._store.list(secret.namespace):
                if secret.name in record.function.spec.secret_names:
                    self._queue.add(record.function.ref)

    def watch(self) -> AsyncGenerator[Route | RouteRemoved, None]:
        """See `Resolver.watch`."""
        return self._routes.watch()

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        """See `Scaler.scale`; the number is limited to the function's bounds when it is applied."""
        if ref not in self._requested:
            await self._store.get(ref)
        if self._requested.get(ref) != replicas:
            self._requested[ref] = replicas
            self._queue.add(ref)

    async def _reconcile(self, ref: FunctionRef) -> None:
        try:
            await self._reconcile_now(ref)
        finally:
            if self._unreconciled:
                self._unreconciled.discard(ref)

    async def _reconcile_now(self, ref: FunctionRef) -> None:
        try:
            record = await self._store.get(ref)
        except FunctionNotFound:
            await self._forget(ref)
            return
        build = None
        spec = record.function.spec
        versions = await self._versions(ref.namespace, spec)
        if record.function.metadata.deletion_timestamp is None:
            self._set_initial_scale(record)
            record, build = await self._ensure_revision(record, versions)
        observed = Observed(
            replicas=await self._workloads.observe(ref),
            wanted=self._clamped(record),
            now=self._context.now(),
            build=build,
            missing_secrets=sorted(spec.required_secrets - versions.keys()),
        )
        await self._apply(record, plan(record, observed, self._context.describe_fix))

    def _set_initial_scale(self, record: Record) -> None:
        """Start a replica of a new or changed spec, so that its deploy has an outcome."""
        ref, generation = record.function.ref, record.function.generation
        before = self._generations.get(ref)
        if before == generation:
            return
        self._generations[ref] = generation
        status = record.function.status
        settled = status is not None and status.observed_generation == generation
        running = status.replicas if status is not None else 0
        if before is None and settled:
            # the platform restarted: restore the previous number of replicas
            self._requested[ref] = running
        elif record.function.spec.scale.replicas == 0:
            self._requested[ref] = 0
        else:
            self._requested[ref] = max(1, self._requested.get(ref, running))

    def _clamped(self, record: Record) -> int:
        function = record.function
        low, high = function.spec.bounds
        demand = self._demand(record) if self._demand else self._requested.get(function.ref, 0)
        return max(low, min(demand, high))

    async def _versions(self, namespace: str, spec: FunctionSpec) -> Mapping[str, str]:
        names = spec.secret_names
        return await self._secrets.versions(namespace, names) if names else {}

    async def _ensure_revision(
        self, record: Record, secrets: Mapping[str, str]
    ) -> tuple[Record, BuildState | None]:
        """Add a revision unless the newest one matches the spec and the secrets.

        A source is built first. `secrets` are the versions of the secrets that the spec names.
        """
        function, latest = record.function, record.latest
        built = self._image(record)
        if isinstance(built, BuildState):
            return record, built
        key = source_key(function.spec)
        spec = function.spec.model_copy(update={"image": built.image, "source": None})
        if (
            latest is not None
            and latest.spec.template() == spec.template()
            and latest.source == key
            and not outdated(latest, secrets)
        ):
            return record, None
        number = latest.number + 1 if latest else 1
        revision = Revision(
            *(function.ref, number, built.image, spec, self._context.now(), secrets),
            source=key,
            commit=built.commit,
        )
        await self._store.add_revision(revision, keep=MAX_REVISIONS)
        return await self._store.get(function.ref), None

    def _image(self, record: Record) -> BuiltImage | BuildState:
        """Return the image of the function, or the state of the build of its source.

        The source of the newest revision is not built again.
        """
        function, latest = record.function, record.latest
        key, build = source_key(function.spec), self._builds.get(function.ref)
        if build is not None and not build.is_current(key, function.spec):
            self._builds.pop(function.ref).task.cancel()
            build = None
        if function.spec.image is not None:
            return BuiltImage(function.spec.image)
        if latest is not None and latest.source == key:
            return BuiltImage(latest.image, latest.commit)
        if build is None:
            build = SourceBuild(key, function, self._builder, self._queue.add)
            self._builds[function.ref] = build
        return build.outcome

    async def _apply(self, record: Record, steps: ReconcilePlan) -> None:
        ref = record.function.ref
        # route first, so that a replica that stops receives no new calls
        self._routes.publish(ref, steps.route)
        await self._workloads.apply(
            Workload(
                ref,
                steps.counts,
                {r.number: r for r in record.revisions},
                serving=steps.serving,
                paused=steps.paused,
            )
        )
        if steps.purge:
            await self._workloads.forget(ref)
            await self._store.purge(ref)
            await self._forget(ref)
            return
        status = steps.status.model_copy(update={"url": self._context.url(ref)})
        await self._store.put_status(ref, status, serving=steps.serving, failed=steps.failed)

    async def _forget(self, ref: FunctionRef) -> None:
        await self._workloads.apply(Workload(ref, {}))
        self._routes.remove(ref)
        self._requested.pop(ref, None)
        self._generations.pop(ref, None)
        if build := self._builds.pop(ref, None):
            build.task.cancel()
