"""Replicas that exist only as values.

A class per kind of trouble, each deterministic: what takes time elsewhere happens here when a test
calls `become`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace

from plat_core.errors import Unavailable
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.ports import Endpoint, Failure, Replica, ReplicaState, Revision, Workload

from plat_backends.memory.logs import MemoryLogs
from plat_backends.replica.scaling import next_replica_id, plan_scaling

READY_SECONDS = 10.0
"""After so long in readiness, earlier crashes are forgotten."""


@dataclass(slots=True)
class _Entry:
    value: Replica
    created_at: float

    @property
    def id(self) -> str:
        return self.value.id

    @property
    def revision(self) -> int:
        return self.value.revision

    @property
    def state(self) -> ReplicaState:
        return self.value.state


class MemoryWorkloads:
    """`Workloads` whose replicas are ready at once and gone at once; `now` is in seconds.

    `logs`: where its functions' lines are kept, if anywhere.
    """

    def __init__(
        self, *, now: Callable[[], float] = time.time, logs: MemoryLogs | None = None
    ) -> None:
        self.applied: list[Workload] = []
        self._logs = logs
        self._entries: dict[FunctionRef, dict[str, _Entry]] = {}
        self._changes: Notifier[FunctionRef] = Notifier()
        self._now = now
        self._closed = False

    async def observe(self, ref: FunctionRef) -> Sequence[Replica]:
        """See `Workloads.observe`."""
        return [self._seen(entry.value) for entry in self._entries.get(ref, {}).values()]

    async def apply(self, workload: Workload) -> None:
        """See `Workloads.apply`; raises Unavailable once it is closed."""
        if self._closed:
            raise Unavailable("the backend is closed")
        self.applied.append(workload)
        entries = self._entries.setdefault(workload.ref, {})
        plan = plan_scaling(workload, entries.values(), pausing=True)
        for id_ in plan.stop:
            del entries[id_]
        for id_ in plan.pause:
            self.become(workload.ref, id_, "paused")
        for id_ in plan.resume:
            self.become(workload.ref, id_, "ready")
        for number, n in plan.start.items():
            for _ in range(n):
                self._start(workload.revisions[number])
        if plan.stop or plan.start:
            self._changes.notify(workload.ref)

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """See `Workloads.watch`."""
        return self._changes.watch()

    async def forget(self, ref: FunctionRef) -> None:
        """See `Workloads.forget`."""
        self._entries.pop(ref, None)
        if self._logs is not None:
            self._logs.forget(ref)

    async def close(self) -> None:
        """See `Workloads.close`."""
        self._closed = True
        for ref in [ref for ref, entries in self._entries.items() if entries]:
            self._entries[ref].clear()
            self._changes.notify(ref)

    def become(
        self, ref: FunctionRef, replica: str, state: ReplicaState, failure: Failure | None = None
    ) -> None:
        """Let a replica change its state; `waiting` counts as an end by itself."""
        entry = self._entries[ref][replica]
        old = self._seen(entry.value)
        entry.value = replace(
            old,
            state=state,
            since=self._now(),
            endpoint=_endpoint(replica) if state == "ready" else None,
            restarts=old.restarts + (state == "waiting"),
            failure=None if state == "ready" else failure or old.failure,
        )
        self._changes.notify(ref)

    def _start(self, revision: Revision) -> None:
        entries = self._entries[revision.ref]
        id_ = next_replica_id(revision.ref.name, revision.number, entries)
        entries[id_] = _Entry(
            Replica(id_, revision.number, "starting", self._now()),
            created_at=self._now() + len(entries),
        )
        self._started(revision, id_)

    def _started(self, revision: Revision, replica: str) -> None:
        self.become(revision.ref, replica, "ready")

    def _seen(self, replica: Replica) -> Replica:
        settled = replica.state == "ready" and self._now() - replica.since >= READY_SECONDS
        return replace(replica, restarts=0) if settled else replica


class SlowWorkloads(MemoryWorkloads):
    """Replicas stay `starting` until `become` or `finish_starting` is called."""

    def _started(self, revision: Revision, replica: str) -> None:
        """Nothing happens yet."""

    def finish_starting(self) -> None:
        """Let everything that starts become ready."""
        for ref, entries in self._entries.items():
            for entry in entries.values():
                if entry.state == "starting":
                    self.become(ref, entry.id, "ready")


class NeverReadyWorkloads(MemoryWorkloads):
    """Replicas miss the start deadline, every time."""

    def _started(self, revision: Revision, replica: str) -> None:
        failure = Failure("StartTimeout", f"{replica} was not ready in time")
        self.become(revision.ref, replica, "waiting", failure)


class CrashingWorkloads(MemoryWorkloads):
    """Replicas crash at start; `crash_again` is what a backoff would do."""

    failure = Failure(
        "HandlerImportError", "No module named 'orders_db'", log="ModuleNotFoundError: orders_db"
    )

    def _started(self, revision: Revision, replica: str) -> None:
        self.become(revision.ref, replica, "waiting", self.failure)

    def crash_again(self) -> None:
        """Start every waiting replica once more, with the same end."""
        for ref, entries in self._entries.items():
            for id_ in list(entries):
                self.become(ref, id_, "waiting", self.failure)


def _endpoint(replica: str) -> Endpoint:
    return Endpoint(replica, f"unix:/memory/{replica}")
