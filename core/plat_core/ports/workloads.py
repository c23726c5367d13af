"""The port of replicas."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from plat_core.model.names import FunctionRef
from plat_core.ports.function_store import Revision

ReplicaState = Literal["starting", "ready", "unready", "stopping", "waiting", "paused"]
"""`waiting`: crashed, and restarted after a back-off. `paused`: was ready, and is frozen with its
memory until it is needed again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a replica is not ready: a stable reason, a sentence, and its last log lines.

    `final`: the replica exceeded its time to become ready.
    """

    reason: str
    message: str
    log: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a replica serves: `unix:/run/x.sock` or `tcp:10.0.0.3:8080`."""

    replica: str
    address: str


@dataclass(frozen=True, slots=True)
class Replica:
    """The observed state of one running instance of a revision.

    `restarts` counts how often it exited by itself since it was last ready for ten seconds. `since`
    is the start of its present state in seconds of the wall clock.
    """

    id: str
    revision: int
    state: ReplicaState
    since: float
    endpoint: Endpoint | None = None
    restarts: int = 0
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """The desired number of replicas by revision; revisions that are not listed run none.

    `serving` is the revision that serves calls, 0 if there is none. `paused` is how many surplus
    replicas of a revision may be frozen instead of stopped.
    """

    ref: FunctionRef
    counts: Mapping[int, int]
    revisions: Mapping[int, Revision] = field(default_factory=dict)
    serving: int = 0
    paused: Mapping[int, int] = field(default_factory=dict)


class Workloads(Protocol):
    """Replicas. The backend restarts a crashed replica with exponential back-off.

    After the platform was killed, `observe` reports only replicas that exist, and every process or
    container that still runs is observed.
    """

    async def observe(self, ref: FunctionRef) -> Sequence[Replica]:
        """Return the current replicas of a function, each with its state."""
        ...

    async def apply(self, workload: Workload) -> None:
        """Start and stop replicas to match; do not wait for readiness.

        A second call with an equal workload is a no-op. Scaling down removes unready replicas
        first, then the youngest. A replica takes no new calls, finishes those in flight within the
        function's timeout, and is then ended with all its processes. Up to `paused` ready replicas
        are frozen instead, and resumed before another one starts; none is started to be paused. A
        backend may pause fewer, or none.
        """
        ...

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """Yield each function with a replica that changed its state; merged, never lost."""
        ...

    async def forget(self, ref: FunctionRef) -> None:
        """Release what is stored for a deleted function, including its logs.

        Called once the function has no replicas; a second call is a no-op.
        """
        ...

    async def close(self) -> None:
        """Stop every replica gracefully; a second call is a no-op."""
        ...
