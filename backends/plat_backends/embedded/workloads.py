"""`Workloads` with processes: which replicas there are, how all begins and how all ends."""

from __future__ import annotations

import asyncio
import logging
import secrets as random
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path

from plat_core.errors import NotSupported, Unavailable
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.ports import Replica, Revision, SecretStore, Workload

from plat_backends.embedded import cgroups
from plat_backends.embedded.environment import MARK
from plat_backends.embedded.logs import EmbeddedLogs
from plat_backends.embedded.places import Places, open_places
from plat_backends.embedded.replica import Supervisor, Timing
from plat_backends.embedded.start import Starter
from plat_backends.embedded.sweep import kill_marked
from plat_backends.embedded.users import Users
from plat_backends.replica.scaling import plan_scaling

LOG = logging.getLogger(__name__)
TIMING = Timing()


class EmbeddedWorkloads:
    """See `Workloads`. Made by `open`; all its work is done on the loop that opened it."""

    def __init__(
        self,
        starter: Starter,
        logs: EmbeddedLogs,
        *,
        timing: Timing = TIMING,
        now: Callable[[], float] = time.time,
        token: Callable[[], str] = lambda: random.token_hex(4),
    ) -> None:
        self._starter = starter
        self._logs = logs
        self._timing = timing
        self._now = now
        self._token = token
        self._replicas: dict[FunctionRef, dict[str, Supervisor]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
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
        timing: Timing = TIMING,
    ) -> EmbeddedWorkloads:
        """Take over `home`: end and remove what an earlier life left, then be ready to start.

        `run_bases`: where sockets may stand, the best first. `network`: proxy and CA variables for
        replicas. `users`: user ids for functions, where we are root. Raises Unavailable, and
        NotSupported where this is not Linux.
        """
        if sys.platform != "linux":
            raise NotSupported(
                "the embedded backend needs Linux", fix="use the docker backend on this system"
            )
        user_ids = Users(users)
        places, groups = await asyncio.to_thread(
            _take_over, home, tuple(run_bases), user_ids.active
        )
        starter = Starter(places, groups, user_ids, secrets, dict(network))
        return cls(starter, logs, timing=timing)

    async def observe(self, ref: FunctionRef) -> Sequence[Replica]:
        """See `Workloads.observe`."""
        return [supervisor.view() for supervisor in self._replicas.get(ref, {}).values()]

    async def apply(self, workload: Workload) -> None:
        """See `Workloads.apply`; raises Unavailable once it is closed.

        Nothing is awaited here, so that two calls cannot mix.
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
        """See `Workloads.forget`: its log lines go."""
        await self._logs.forget(ref)

    async def close(self) -> None:
        """See `Workloads.close`; cancelled, it kills what has not ended yet."""
        self._closed = True
        for supervisors in self._replicas.values():
            for supervisor in tuple(supervisors.values()):
                supervisor.stop(called=False)
        try:
            if self._tasks:
                await asyncio.wait(self._tasks)
        except asyncio.CancelledError:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            raise
        await asyncio.to_thread(self._clear)

    def _start(self, revision: Revision) -> None:
        ref, token = revision.ref, self._token()
        name = f"{revision.name}-{token}"
        supervisor = Supervisor(
            revision,
            token,
            self._starter,
            self._logs.sink(ref, name, revision.name),
            timing=self._timing,
            now=self._now,
            changed=lambda: self._changes.notify(ref),
        )
        self._replicas.setdefault(ref, {})[supervisor.id] = supervisor
        task = asyncio.get_running_loop().create_task(supervisor.run(), name=supervisor.id)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(ref, supervisor, done))

    def _ended(self, ref: FunctionRef, supervisor: Supervisor, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        of_function = self._replicas[ref]
        del of_function[supervisor.id]
        if not of_function:
            del self._replicas[ref]
            self._starter.users.release(ref)
        if not task.cancelled() and (error := task.exception()) is not None:
            LOG.error("the supervisor of %s failed", supervisor.id, exc_info=error)
        self._changes.notify(ref)

    def _clear(self) -> None:
        self._starter.cgroups.remove()
        self._starter.places.remove_run()


def _take_over(
    home: Path, run_bases: tuple[Path, ...], shared: bool
) -> tuple[Places, cgroups.Cgroups]:
    places = open_places(home, run_bases, shared=shared)
    groups = cgroups.detect(places.instance)
    killed = kill_marked(MARK, places.instance)
    for group in groups.leftovers():
        group.kill()
        group.remove()
    if killed:
        LOG.warning("ended %d processes that an earlier life of the platform left", killed)
    places.sweep()
    return places, groups
