"""`Workloads` on Docker: the replicas of all functions, Docker's events, and removal of orphans."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets as randomness
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

from plat_core.errors import PlatError, Unavailable
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.ports import Replica, Revision, SecretStore, Workload

from plat_backends.docker.container_replica import ContainerReplica
from plat_backends.docker.context import DOCKER_TIMING, ReplicaContext
from plat_backends.docker.engine import ContainerSummary, Engine
from plat_backends.docker.images import ImageCollector
from plat_backends.docker.logs import DockerLogs, LogArchive
from plat_backends.docker.spec import (
    ContainerPolicy,
    ReplicaName,
    is_own_container,
    loader_name,
    owner_labels,
    read_replica_name,
    secret_volume,
)
from plat_backends.replica.scaling import plan_scaling
from plat_backends.replica.timing import ReplicaTiming

log = logging.getLogger(__name__)

SWEEP_SECONDS = 5.0
ADOPTION_SECONDS = 2.0
RECONNECT_SECONDS = 0.5
_RUNNING_STATES = ("starting", "ready", "unready")


def random_token() -> str:
    """Return the random part of a replica's name."""
    return randomness.token_hex(4)


class DockerWorkloads:
    """See `Workloads`.

    Create it with `open`. End it with `close`, or with `release`, which leaves containers running.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        secrets: SecretStore,
        policy: ContainerPolicy,
        timing: ReplicaTiming = DOCKER_TIMING,
        token: Callable[[], str] = random_token,
    ) -> None:
        self._engine = engine
        self._policy = policy
        self._token = token
        self._changes: Notifier[FunctionRef] = Notifier()
        self._archive = LogArchive(engine)
        self._images = ImageCollector(engine, policy)
        self._context = ReplicaContext(
            engine, secrets, policy, self._archive, self._on_changed, timing
        )
        self._replicas: defaultdict[FunctionRef, dict[str, ContainerReplica]] = defaultdict(dict)
        self._adopted: tuple[FunctionRef, ...] = ()
        self._background: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def open(
        cls,
        engine: Engine,
        *,
        secrets: SecretStore,
        policy: ContainerPolicy,
        timing: ReplicaTiming = DOCKER_TIMING,
        token: Callable[[], str] = random_token,
    ) -> DockerWorkloads:
        """Adopt existing containers and start to watch Docker's events; raises Unavailable."""
        workloads = cls(engine, secrets=secrets, policy=policy, timing=timing, token=token)
        await engine.ensure_network(policy.network, owner_labels(policy))
        await workloads._adopt()
        workloads._background = asyncio.create_task(
            workloads._run_background(), name="plat-docker-background"
        )
        return workloads

    async def wait_failed(self) -> None:
        """Wait for the tasks that watch events and sweep, and raise the error of a failed one.

        They never end without a bug. Await this so that such a bug is not silent.
        """
        if self._background is not None:
            await asyncio.shield(self._background)

    @property
    def logs(self) -> DockerLogs:
        """Logs of the replicas of this backend."""
        return DockerLogs(self._engine, self._archive, self._changes, self._policy)

    async def observe(self, ref: FunctionRef) -> Sequence[Replica]:
        """See `Workloads.observe`."""
        return [replica.snapshot() for replica in self._replicas.get(ref, {}).values()]

    async def apply(self, workload: Workload) -> None:
        """See `Workloads.apply`; raises Unavailable once it is closed."""
        if self._closed:
            raise Unavailable("the backend is closed")
        present = self._replicas.get(workload.ref, {})
        for replica in present.values():
            replica.spec_revision = workload.revisions.get(replica.revision, replica.spec_revision)
        plan = plan_scaling(workload, present.values(), pausing=True)
        for id_ in plan.stop:
            present[id_].stop()
        for id_ in plan.resume:
            present[id_].resume()
        for id_ in plan.pause:
            present[id_].pause()
        for number, n in plan.start.items():
            for _ in range(n):
                self._start(workload.revisions[number])
        self._images.set_used(workload.ref, {r.image for r in workload.revisions.values()})
        self._limit_paused()

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """See `Workloads.watch`; functions with adopted replicas come first."""
        changes = self._changes.watch()
        for ref in self._adopted:
            self._changes.notify(ref)
        return changes

    async def forget(self, ref: FunctionRef) -> None:
        """See `Workloads.forget`: delete its log lines now, and its images at the next sweep."""
        self._archive.forget(ref)
        self._images.set_used(ref, ())

    async def close(self) -> None:
        """See `Workloads.close`."""
        self._closed = True
        replicas = list(self._all_replicas())
        for replica in replicas:
            replica.stop()
        await asyncio.gather(*(replica.wait_removed() for replica in replicas))
        await self._stop_background()

    async def release(self) -> None:
        """Detach from all containers, so that the next process of the platform adopts them."""
        self._closed = True
        await asyncio.gather(*(replica.detach() for replica in self._all_replicas()))
        await self._stop_background()

    async def _stop_background(self) -> None:
        """Cancel the background tasks; raise the error of one that failed before."""
        if self._background is not None:
            self._background.cancel()
            await asyncio.wait([self._background])
            if not self._background.cancelled() and (error := self._background.exception()):
                raise error

    def _start(self, revision: Revision) -> None:
        ref = revision.ref
        # a cancelled request may still create its container: a random name avoids a conflict
        id_ = f"{revision.name}-{self._token()}"
        container = f"{self._policy.instance}-{ref.namespace}-{id_}"
        name = ReplicaName(ref, revision.number, id_, container)
        self._add(name, revision, time.time()).start()
        self._changes.notify(ref)

    def _add(
        self, name: ReplicaName, revision: Revision | None, created_at: float
    ) -> ContainerReplica:
        replica = ContainerReplica(
            name, revision, self._context, created_at=created_at, on_removed=self._on_removed
        )
        self._replicas[name.ref][name.id] = replica
        return replica

    def _limit_paused(self) -> None:
        """Stop those paused longest beyond the limit, because paused replicas keep their memory."""
        paused = [replica for replica in self._all_replicas() if replica.state == "paused"]
        paused.sort(key=lambda replica: replica.snapshot().since)
        for replica in paused[: max(0, len(paused) - self._policy.paused)]:
            replica.stop()

    def _on_removed(self, replica: ContainerReplica) -> None:
        ref = replica.name.ref
        replicas = self._replicas[ref]
        replicas.pop(replica.id, None)
        if not replicas:
            del self._replicas[ref]
        self._changes.notify(ref)

    def _on_changed(self, name: ReplicaName) -> None:
        self._changes.notify(name.ref)

    def _all_replicas(self) -> Iterator[ContainerReplica]:
        for replicas in self._replicas.values():
            yield from replicas.values()

    async def _adopt(self) -> None:
        """Adopt existing containers; a second one of the same replica is an orphan."""
        found = await self._engine.list(owner_labels(self._policy))
        running = {listed.name for listed in found if listed.state == "running"}
        for listed in sorted(found, key=lambda c: c.name not in running):
            name = read_replica_name(listed.name, listed.labels)
            if name is None or name.id in self._replicas.get(name.ref, {}):
                continue
            replica = self._add(name, None, listed.created)
            if listed.state == "paused":
                # `apply` decides later whether it is to be resumed
                replica.pause()
            replica.start()
            log.info("adopted %s, which is %s", name.container, listed.state)
        self._adopted = tuple(self._replicas)
        adopted = [r for r in self._all_replicas() if r.name.container in running]
        # otherwise gateways would see no ready replica for a moment
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ADOPTION_SECONDS):
                await asyncio.gather(*(replica.probed.wait() for replica in adopted))

    async def _run_background(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="plat-docker-events")
            group.create_task(self._sweep(), name="plat-docker-sweep")

    async def _listen(self) -> None:
        """Notify replicas of their events, and all of them after each reconnection to Docker."""
        while True:
            connected = False
            with contextlib.suppress(PlatError):
                events = self._engine.events(owner_labels(self._policy))
                async with contextlib.aclosing(events):
                    async for event in events:
                        connected = True
                        self._notify(event.name, all_replicas=event.action == "listening")
            if connected:
                log.warning("Docker's event stream ended; reconnecting")
            await asyncio.sleep(RECONNECT_SECONDS)

    def _notify(self, container: str, *, all_replicas: bool) -> None:
        for replica in self._all_replicas():
            if all_replicas or replica.name.container == container:
                replica.notify()

    async def _sweep(self) -> None:
        """Find what events did not report, and remove orphans, every few seconds."""
        while True:
            try:
                await self._compare()
                await self._engine.ensure_network(self._policy.network, owner_labels(self._policy))
                await self._images.collect()
            except PlatError as error:
                log.warning("the sweep of containers failed: %s", error.message)
            await asyncio.sleep(SWEEP_SECONDS)

    async def _compare(self) -> None:
        found = await self._engine.list(owner_labels(self._policy))
        listed = {c.name: c for c in found if is_own_container(c.labels)}
        volumes = await self._engine.volumes(owner_labels(self._policy))
        for replica in self._all_replicas():
            if not _is_as_expected(replica, listed.get(replica.name.container)):
                replica.notify()
        names = {replica.name for replica in self._all_replicas()}
        owned = {n.container for n in names} | {loader_name(n) for n in names}
        for orphan in listed.keys() - owned:
            log.warning("removing the orphan container %s", orphan)
            await self._engine.remove(listed[orphan].id)
        for orphan in set(volumes) - {secret_volume(name) for name in names}:
            await self._engine.remove_volume(orphan)


def _is_as_expected(replica: ContainerReplica, container: ContainerSummary | None) -> bool:
    if replica.state == "paused":
        return container is not None and container.state == "paused"
    runs = container is not None and container.state == "running" and container.healthy
    return runs or replica.state not in _RUNNING_STATES
