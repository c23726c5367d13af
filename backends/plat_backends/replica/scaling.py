"""Which replicas to start, stop, pause and resume. Pure.

The rule of `Workloads.apply` for backends that manage each replica themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from plat_core.errors import InvalidInput
from plat_core.ports import ReplicaState, Workload


class ScalableReplica(Protocol):
    """What the rule reads of a replica."""

    @property
    def id(self) -> str:
        """Name of the replica within its function."""
        ...

    @property
    def revision(self) -> int:
        """Number of its revision."""
        ...

    @property
    def state(self) -> ReplicaState:
        """Its current state."""
        ...

    @property
    def created_at(self) -> float:
        """Time of its first start."""
        ...


@dataclass(frozen=True, slots=True)
class ScalePlan:
    """The steps towards a workload: ids to stop, and how many replicas of a revision to start.

    `pause` and `resume` are empty for a backend that does not pause.
    """

    stop: tuple[str, ...]
    start: Mapping[int, int]
    pause: tuple[str, ...] = ()
    resume: tuple[str, ...] = ()


def plan_scaling(
    workload: Workload, present: Iterable[ScalableReplica], *, pausing: bool = False
) -> ScalePlan:
    """Compare the desired with the present replicas; raises InvalidInput for an unknown revision.

    Stopping replicas do not count. Unready replicas are stopped first, then the youngest.
    """
    by_revision: dict[int, list[ScalableReplica]] = {}
    for replica in present:
        if replica.state != "stopping":
            by_revision.setdefault(replica.revision, []).append(replica)
    plans = []
    for number in sorted({*by_revision, *workload.counts}):
        max_paused = workload.paused.get(number, 0) if pausing else 0
        desired = max(workload.counts.get(number, 0), 0)
        replicas = by_revision.get(number, [])
        plan = _plan_revision(number, replicas, desired=desired, max_paused=max_paused)
        if plan.start and number not in workload.revisions:
            raise InvalidInput(f"revision {number} of {workload.ref} is asked for but not given")
        plans.append(plan)
    return ScalePlan(
        stop=tuple(id_ for plan in plans for id_ in plan.stop),
        start={number: n for plan in plans for number, n in plan.start.items()},
        pause=tuple(id_ for plan in plans for id_ in plan.pause),
        resume=tuple(id_ for plan in plans for id_ in plan.resume),
    )


def _plan_revision(
    number: int, present: Iterable[ScalableReplica], *, desired: int, max_paused: int
) -> ScalePlan:
    best_first = sorted(present, key=_rank, reverse=True)
    paused = [r for r in best_first if r.state == "paused"]
    active = [r for r in best_first if r.state != "paused"]
    missing = max(0, desired - len(active))
    resumed, paused = paused[:missing], paused[missing:]
    surplus = active[desired:]
    # only a ready replica is worth its memory while it is paused
    to_pause = [r for r in surplus if r.state == "ready"][: max(0, max_paused - len(paused))]
    stopped = [r for r in surplus if r not in to_pause] + paused[max_paused:]
    return ScalePlan(
        stop=tuple(r.id for r in stopped),
        start={number: missing - len(resumed)} if missing > len(resumed) else {},
        pause=tuple(r.id for r in to_pause),
        resume=tuple(r.id for r in resumed),
    )


def next_replica_id(name: str, revision: int, used: Iterable[str]) -> str:
    """Return the first unused id of the form `orders-7-0`."""
    taken = set(used)
    return next(i for n in count() if (i := f"{name}-{revision}-{n}") not in taken)


def _rank(replica: ScalableReplica) -> tuple[bool, float]:
    return replica.state == "ready", -replica.created_at
