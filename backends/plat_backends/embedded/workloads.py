"""`Workloads` with processes: the replicas of all functions, from start-up to shutdown."""

from __future__ import annotations

import asyncio
import logging
import secrets as random
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path

from plat_core.errors import NotSupported, Unavailable
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.ports import Replica, Revision, SecretStore, Workload

from plat_backends.embedded import cgroups
from plat_backends.embedded.environment import INSTANCE_VARIABLE
from plat_backends.embedded.function_users import FunctionUsers
from plat_backends.embedded.logs import EmbeddedLogs
from plat_backends.embedded.marked_processes import kill_marked
from plat_backends.embedded.paths import PlatformPaths, prepare_paths
from plat_backends.embedded.process_replica import ProcessReplica
from plat_backends.embedded.process_starter import ProcessStarter
from plat_backends.replica.scaling import plan_scaling
from plat_backends.replica.timing import ReplicaTiming

LOG = logging.getLogger(__name__)
TIMING = ReplicaTiming()


class EmbeddedWorkloads:
    """See `Workloads`. Create it with `open`, and use it on the same event loop."""

    def __init__(
        self,
        starter: ProcessStarter,
        logs: EmbeddedLogs,
        *,
        timing: ReplicaTiming = TIMING,
        token: Callable[[], str] = lambda: random.token_hex(4),
    ) -> None:
        self._starter = starter
        self._logs = logs
        self._timing = timing
        self._token = token
        self._replicas: dict[FunctionRef, dict[str, ProcessReplica]] = {}
        self._changes: Notifier[FunctionRef] = Notifier()
        self._closed = False

    @classmethod
    async def open(
        cls,
        home: Path,
        *,
        secrets: SecretStore,
        logs: EmbeddedLogs,
        run_bases: Sequence[Path] = (Path("/tmp"),),  # noqa: S108
        network: Mapping[str, str] = {},
        users: range | None = None,
        timing: ReplicaTiming = TIMING,
    ) -> EmbeddedWorkloads:
        """Take over `home`: kill and remove what an earlier process of the platform left.

        `run_bases`: directories for sockets in order of preference. `network`: proxy and CA
        variables for replicas. `users`: user ids for functions if the platform is root. Raises
        Unavailable, and NotSupported on other systems than Linux.
        """
        if sys.platform != "linux":
            raise NotSupported(
                "the embedded backend needs Linux", fix="use the docker backend on this system"
            )
        user_ids = FunctionUsers(users)
        paths, groups = await asyncio.to_thread(_take_over, home, tuple(run_bases), user_ids.active)
        starter = ProcessStarter(paths, groups, user_ids, secrets, dict(network))
        return cls(starter, logs, timing=timing)

    async def observe(self, ref: FunctionRef) -> Sequence[Replica]:
        """See `Workloads.observe`."""
        return [replica.snapshot() for replica in self._replicas.get(ref, {}).values()]

    async def apply(self, workload: Workload) -> None:
        """See `Workloads.apply`; raises Unavailable once it is closed.

        It awaits nothing, so that two calls cannot interleave.
        """
        if self._closed:
            raise Unavailable("the backend is closed")
        present = self._replicas.get(workload.ref, {})
        plan = plan_scaling(workload, present.values())
        for id_ in plan.stop:
            present[id_].stop()
        for number, count in plan.start.items():
            for _ in range(count):
                self._start(workload.revisions[number])

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """See `Workloads.watch`."""
        return self._changes.watch()

    async def forget(self, ref: FunctionRef) -> None:
        """See `Workloads.forget`: delete its log lines."""
        await self._logs.forget(ref)

    async def close(self) -> None:
        """See `Workloads.close`; if cancelled, it kills the remaining processes."""
        self._closed = True
        replicas = [replica for some in self._replicas.values() for replica in some.values()]
        for replica in replicas:
            replica.stop(drain=False)
        await asyncio.gather(*(replica.wait_removed() for replica in replicas))
        await asyncio.to_thread(self._remove_directories)

    def _start(self, revision: Revision) -> None:
        ref, token = revision.ref, self._token()
        name = f"{revision.name}-{token}"
        replica = ProcessReplica(
            revision,
            token,
            self._starter,
            self._logs.open_output(ref, name, revision.name),
            timing=self._timing,
            on_changed=lambda: self._changes.notify(ref),
            on_removed=lambda removed, task: self._forget_replica(ref, removed, task),
        )
        self._replicas.setdefault(ref, {})[replica.id] = replica
        replica.start()

    def _forget_replica(
        self, ref: FunctionRef, replica: ProcessReplica, task: asyncio.Task[None]
    ) -> None:
        replicas = self._replicas[ref]
        del replicas[replica.id]
        if not replicas:
            del self._replicas[ref]
            self._starter.users.release(ref)
        if not task.cancelled() and (error := task.exception()) is not None:
            LOG.error("the task of replica %s failed", replica.id, exc_info=error)
        self._changes.notify(ref)

    def _remove_directories(self) -> None:
        self._starter.cgroups.remove()
        self._starter.paths.remove_run()


def _take_over(
    home: Path, run_bases: tuple[Path, ...], shared: bool
) -> tuple[PlatformPaths, cgroups.Cgroups]:
    paths = prepare_paths(home, run_bases, shared=shared)
    groups = cgroups.detect_cgroups(paths.instance)
    killed = kill_marked(INSTANCE_VARIABLE, paths.instance)
    for group in groups.leftovers():
        group.kill()
        group.remove()
    if killed:
        LOG.warning("killed %d processes that an earlier process of the platform left", killed)
    paths.sweep()
    return paths, groups
