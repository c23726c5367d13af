"""The controller of the backends that have no operator: it drives observe, plan, apply.

Level-based: each pass looks at everything about one function and does what is missing, so a lost
or doubled notification changes nothing in the end.
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
from plat_core.services.reconcile import Plan, outdated, plan
from plat_core.services.sources import Build, Built, SourceBuilder, source_key
from plat_core.services.verdict import BuildState, Observed
from plat_core.services.workqueue import Tally, WorkQueue

log = logging.getLogger(__name__)

KEPT_REVISIONS = 10


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
    """Reconciles all functions of one store; answers as Resolver and as Scaler."""

    def __init__(
        self,
        *,
        store: FunctionStore,
        workloads: Workloads,
        builder: SourceBuilder,
        secrets: SecretVersions,
        context: StatusContext,
        demand: Callable[[Record], int] | None = None,
        at_once: int | None = None,
    ) -> None:
        """`demand` tells how many replicas the load asks for where that is kept elsewhere, as in
        the size of a Deployment; without it this controller remembers what `scale` was told.
        `at_once`: how many functions are worked on at the same time.
        """
        self._demand = demand
        self._store = store
        self._workloads = workloads
        self._builder = builder
        self._secrets = secrets
        self._context = context
        self._queue: WorkQueue[FunctionRef] = WorkQueue(self._work, at_once=at_once)
        self._routes: LatestValues[FunctionRef, Route | RouteRemoved] = LatestValues(RouteRemoved)
        self._wanted: dict[FunctionRef, int] = {}
        self._seen: dict[FunctionRef, int] = {}
        self._builds: dict[FunctionRef, Build] = {}
        self._unseen: set[FunctionRef] | None = None

    @property
    def tally(self) -> Tally:
        """What was done so far."""
        return self._queue.tally

    @property
    def depth(self) -> int:
        """How many functions are worked on, or wait for it."""
        return len(self._queue)

    @property
    def synced(self) -> bool:
        """Whether every function that was stored at the start was looked at once."""
        return self._unseen is not None and not self._unseen

    async def run(self) -> None:
        """Reconcile until cancelled; on the way out nothing is stopped but the controller."""
        self._unseen = {record.function.ref for record in await self._store.list()}
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
        """Resolver: every route, then each change."""
        return self._routes.watch()

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        """Scaler: what the load asks for; clamped to the function's bounds when it is applied."""
        if ref not in self._wanted:
            await self._store.get(ref)
        if self._wanted.get(ref) != replicas:
            self._wanted[ref] = replicas
            self._queue.add(ref)

    async def _work(self, ref: FunctionRef) -> None:
        try:
            await self._reconcile(ref)
        finally:
            if self._unseen:
                self._unseen.discard(ref)

    async def _reconcile(self, ref: FunctionRef) -> None:
        try:
            record = await self._store.get(ref)
        except FunctionNotFound:
            await self._forget(ref)
            return
        build = None
        spec = record.function.spec
        versions = await self._versions(ref.namespace, spec)
        if record.function.metadata.deletion_timestamp is None:
            self._welcome(record)
            record, build = await self._revise(record, versions)
        observed = Observed(
            replicas=await self._workloads.observe(ref),
            wanted=self._clamped(record),
            now=self._context.now(),
            build=build,
            missing_secrets=sorted(spec.required_secrets - versions.keys()),
        )
        await self._carry_out(record, plan(record, observed, self._context.describe_fix))

    def _welcome(self, record: Record) -> None:
        """A first or a changed spec runs at least once, so that its deploy has an outcome."""
        ref, generation = record.function.ref, record.function.generation
        before = self._seen.get(ref)
        if before == generation:
            return
        self._seen[ref] = generation
        status = record.function.status
        settled = status is not None and status.observed_generation == generation
        running = status.replicas if status is not None else 0
        if before is None and settled:
            # the platform came back: what ran before runs again, what slept goes on sleeping
            self._wanted[ref] = running
        elif record.function.spec.scale.replicas == 0:
            self._wanted[ref] = 0
        else:
            self._wanted[ref] = max(1, self._wanted.get(ref, running))

    def _clamped(self, record: Record) -> int:
        function = record.function
        low, high = function.spec.bounds
        asked = self._demand(record) if self._demand else self._wanted.get(function.ref, 0)
        return max(low, min(asked, high))

    async def _versions(self, namespace: str, spec: FunctionSpec) -> Mapping[str, str]:
        names = spec.secret_names
        return await self._secrets.versions(namespace, names) if names else {}

    async def _revise(
        self, record: Record, secrets: Mapping[str, str]
    ) -> tuple[Record, BuildState | None]:
        """Make sure that the newest revision is what spec and secrets say.

        A source is built first. `secrets`: the versions of those that the spec names.
        """
        function, latest = record.function, record.latest
        built = self._built(record)
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
        await self._store.add_revision(revision, keep=KEPT_REVISIONS)
        return await self._store.get(function.ref), None

    def _built(self, record: Record) -> Built | BuildState:
        """The image of the function, or where the build of its source stands.

        What the newest revision was built from is not built again, whoever forgot about it.
        """
        function, latest = record.function, record.latest
        key, build = source_key(function.spec), self._builds.get(function.ref)
        if build is not None and not build.holds(key, function.spec):
            self._builds.pop(function.ref).task.cancel()
            build = None
        if function.spec.image is not None:
            return Built(function.spec.image)
        if latest is not None and latest.source == key:
            return Built(latest.image, latest.commit)
        if build is None:
            build = Build(key, function, self._builder, self._queue.add)
            self._builds[function.ref] = build
        return build.outcome

    async def _carry_out(self, record: Record, steps: Plan) -> None:
        ref = record.function.ref
        # first the route: a replica that is to stop gets no new call
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
        self._wanted.pop(ref, None)
        self._seen.pop(ref, None)
        if build := self._builds.pop(ref, None):
            build.task.cancel()
