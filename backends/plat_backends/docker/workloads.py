"""`Workloads` on Docker: which lives there are, what Docker tells of them, and what nobody owns."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets as randomness
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from plat_core.errors import PlatError, Unavailable
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.ports import Replica, Revision, SecretStore, Workload

from plat_backends.docker.engine import Engine, Listed
from plat_backends.docker.images import ImageCollector
from plat_backends.docker.life import Life
from plat_backends.docker.logs import DockerLogs, LogArchive
from plat_backends.docker.spec import (
    ContainerPolicy,
    ReplicaName,
    loader_name,
    named,
    ours,
    owner_labels,
    secret_volume,
)
from plat_backends.docker.surroundings import DOCKER_TIMING, Surroundings
from plat_backends.replica.scaling import plan_scaling
from plat_backends.replica.timing import ReplicaTiming

log = logging.getLogger(__name__)

SWEEP_SECONDS = 5.0
ADOPTION_SECONDS = 2.0
RECONNECT_SECONDS = 0.5
_RUNS = ("starting", "ready", "unready")


def random_token() -> str:
    """What sets one replica's name apart from all others."""
    return randomness.token_hex(4)


@dataclass
class _Crew:
    """The lives of one function."""

    lives: dict[str, Life] = field(default_factory=dict)


class DockerWorkloads:
    """See `Workloads`. Made by `open`; ended by `close`, or by `release`, which lets all run on."""

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
        self._around = Surroundings(engine, secrets, policy, self._archive, self._changed, timing)
        self._crews: dict[FunctionRef, _Crew] = {}
        self._adopted: tuple[FunctionRef, ...] = ()
        self._tending: asyncio.Task[None] | None = None
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
        """Adopt what an earlier life left, and listen to Docker from now on; raises Unavailable."""
        workloads = cls(engine, secrets=secrets, policy=policy, timing=timing, token=token)
        await engine.ensure_network(policy.network, owner_labels(policy))
        await workloads._adopt()
        workloads._tending = asyncio.create_task(workloads._tend(), name="plat-docker-tending")
        return workloads

    async def tended(self) -> None:
        """Wait, for as long as it is open: raises what listening to Docker or sweeping died of.

        Neither ever should. Whoever opened it awaits this, so that such a bug is not silent.
        """
        if self._tending is not None:
            await asyncio.shield(self._tending)

    @property
    def logs(self) -> DockerLogs:
        """What the replicas of this backend write."""
        return DockerLogs(self._engine, self._archive, self._changes, self._policy)

    async def observe(self, ref: FunctionRef) -> Sequence[Replica]:
        """See `Workloads.observe`."""
        crew = self._crews.get(ref)
        return [life.seen() for life in crew.lives.values()] if crew else []

    async def apply(self, workload: Workload) -> None:
        """See `Workloads.apply`; raises Unavailable once it is closed."""
        if self._closed:
            raise Unavailable("the backend is closed")
        crew = self._crews.setdefault(workload.ref, _Crew())
        for life in crew.lives.values():
            life.made_of = workload.revisions.get(life.revision, life.made_of)
        plan = plan_scaling(workload, crew.lives.values(), pausing=True)
        for id_ in plan.stop:
            crew.lives[id_].end()
        for id_ in plan.resume:
            crew.lives[id_].rouse()
        for id_ in plan.pause:
            crew.lives[id_].doze()
        for number, n in plan.start.items():
            for _ in range(n):
                self._begin(crew, workload.revisions[number])
        self._images.keep(workload.ref, {r.image for r in workload.revisions.values()})
        if not crew.lives:
            del self._crews[workload.ref]
        self._bound_paused()

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """See `Workloads.watch`; those that were adopted come first."""
        changes = self._changes.watch()
        for ref in self._adopted:
            self._changes.notify(ref)
        return changes

    async def forget(self, ref: FunctionRef) -> None:
        """See `Workloads.forget`: its log lines go, and its images at the next sweep."""
        self._archive.forget(ref)
        self._images.keep(ref, ())

    async def close(self) -> None:
        """See `Workloads.close`."""
        self._closed = True
        lives = list(self._lives())
        for life in lives:
            life.end()
        await asyncio.gather(*(life.over() for life in lives))
        await self._stop_listening()

    async def release(self) -> None:
        """Let go of every replica without touching it: the next life of this platform adopts it."""
        self._closed = True
        await asyncio.gather(*(life.let_go() for life in self._lives()))
        await self._stop_listening()

    async def _stop_listening(self) -> None:
        """Raises what it died of, where it did so before."""
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.wait([self._tending])
            if not self._tending.cancelled() and (died := self._tending.exception()):
                raise died

    def _begin(self, crew: _Crew, revision: Revision) -> None:
        ref = revision.ref
        # the random part keeps a container that a cut-off call still makes apart from the next
        id_ = f"{revision.name}-{self._token()}"
        container = f"{self._policy.instance}-{ref.namespace}-{id_}"
        name = ReplicaName(ref, revision.number, id_, container)
        life = crew.lives[id_] = self._life(name, revision, time.time())
        life.begin()
        self._changes.notify(ref)

    def _life(self, name: ReplicaName, revision: Revision | None, created_at: float) -> Life:
        return Life(name, revision, self._around, created_at=created_at, gone=self._gone)

    def _bound_paused(self) -> None:
        """Their memory stays taken: beyond the bound, those that sleep longest are ended."""
        paused = [life for life in self._lives() if life.state == "paused"]
        paused.sort(key=lambda life: life.seen().since)
        for life in paused[: max(0, len(paused) - self._policy.paused)]:
            life.end()

    def _gone(self, life: Life) -> None:
        ref = life.name.ref
        crew = self._crews[ref]
        crew.lives.pop(life.id, None)
        if not crew.lives:
            del self._crews[ref]
        self._changes.notify(ref)

    def _changed(self, name: ReplicaName) -> None:
        self._changes.notify(name.ref)

    def _lives(self) -> Iterator[Life]:
        for crew in self._crews.values():
            yield from crew.lives.values()

    async def _adopt(self) -> None:
        """Take over the containers of an earlier life; a second one of a replica is an orphan."""
        found = await self._engine.list(owner_labels(self._policy))
        up = {listed.name for listed in found if listed.state == "running"}
        for listed in sorted(found, key=lambda c: c.name not in up):
            name = named(listed.name, listed.labels)
            if name is None:
                continue
            crew = self._crews.setdefault(name.ref, _Crew())
            if name.id not in crew.lives:
                life = crew.lives[name.id] = self._life(name, None, listed.created)
                if listed.state == "paused":
                    # whether it sleeps or was paused by somebody else, `apply` will tell
                    life.doze()
                life.begin()
                log.info("adopted %s, which is %s", name.container, listed.state)
        self._adopted = tuple(self._crews)
        running = [life for life in self._lives() if life.name.container in up]
        # or gateways would be told for a moment that nothing answers
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ADOPTION_SECONDS):
                await asyncio.gather(*(life.looked.wait() for life in running))

    async def _tend(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="plat-docker-events")
            group.create_task(self._sweep(), name="plat-docker-sweep")

    async def _listen(self) -> None:
        """Hear what happens to containers; whenever Docker went away, look at all of them."""
        while True:
            heard = False
            with contextlib.suppress(PlatError):
                events = self._engine.events(owner_labels(self._policy))
                async with contextlib.aclosing(events):
                    async for event in events:
                        heard = True
                        self._nudge(event.name, everyone=event.action == "listening")
            if heard:
                log.warning("Docker's events ended; listening again")
            await asyncio.sleep(RECONNECT_SECONDS)

    def _nudge(self, container: str, *, everyone: bool) -> None:
        for life in self._lives():
            if everyone or life.name.container == container:
                life.nudge()

    async def _sweep(self) -> None:
        """Every few seconds, one list: what an event did not tell, and what nobody owns."""
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
        listed = {c.name: c for c in found if ours(c.labels)}
        volumes = await self._engine.volumes(owner_labels(self._policy))
        for life in self._lives():
            if not _as_expected(life, listed.get(life.name.container)):
                life.nudge()
        names = {life.name for life in self._lives()}
        known = {n.container for n in names} | {loader_name(n) for n in names}
        for orphan in listed.keys() - known:
            log.warning("removing the orphan container %s", orphan)
            await self._engine.remove(listed[orphan].id)
        for orphan in set(volumes) - {secret_volume(name) for name in names}:
            await self._engine.remove_volume(orphan)


def _as_expected(life: Life, container: Listed | None) -> bool:
    if life.state == "paused":
        return container is not None and container.state == "paused"
    runs = container is not None and container.state == "running" and container.healthy
    return runs or life.state not in _RUNS
