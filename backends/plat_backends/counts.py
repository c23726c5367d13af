"""Which replicas go when there are too many: the rule of `Workloads.apply`, as a pure function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from plat_core.errors import InvalidInput
from plat_core.ports import ReplicaState, Workload


class Candidate(Protocol):
    """What the rule looks at; `born` orders by age."""

    @property
    def id(self) -> str:
        """Its name within the function."""
        ...

    @property
    def revision(self) -> int:
        """Which revision it runs."""
        ...

    @property
    def state(self) -> ReplicaState:
        """How it is now."""
        ...

    @property
    def born(self) -> float:
        """When it was first started."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """What makes a workload true: replicas to stop, and how many to start of each revision.

    `pause` and `wake` are empty for a backend that does not pause.
    """

    stop: tuple[str, ...]
    start: Mapping[int, int]
    pause: tuple[str, ...] = ()
    wake: tuple[str, ...] = ()


def change(workload: Workload, present: Iterable[Candidate], *, pausing: bool = False) -> Change:
    """Compare what is wanted with what is there; raises InvalidInput for an unknown revision.

    Replicas that are stopping already count for nothing. Unready ones go first, then the youngest.
    """
    by_revision: dict[int, list[Candidate]] = {}
    for replica in present:
        if replica.state != "stopping":
            by_revision.setdefault(replica.revision, []).append(replica)
    parts = []
    for number in sorted({*by_revision, *workload.counts}):
        keep = workload.paused.get(number, 0) if pausing else 0
        wanted = max(workload.counts.get(number, 0), 0)
        part = _of_one(number, by_revision.get(number, []), wanted=wanted, keep=keep)
        if part.start:
            _check_known(workload, number)
        parts.append(part)
    return Change(
        stop=tuple(id_ for part in parts for id_ in part.stop),
        start={number: n for part in parts for number, n in part.start.items()},
        pause=tuple(id_ for part in parts for id_ in part.pause),
        wake=tuple(id_ for part in parts for id_ in part.wake),
    )


def _of_one(number: int, present: Iterable[Candidate], *, wanted: int, keep: int) -> Change:
    """The change for one revision, of which `keep` replicas may stay paused."""
    there = sorted(present, key=_worth, reverse=True)
    paused = [r for r in there if r.state == "paused"]
    there = [r for r in there if r.state != "paused"]
    missing = max(0, wanted - len(there))
    woken, paused = paused[:missing], paused[missing:]
    surplus = there[wanted:]
    ready = [r for r in surplus if r.state == "ready"][: max(0, keep - len(paused))]
    stopped = [r for r in surplus if r not in ready] + paused[keep:]
    return Change(
        stop=tuple(r.id for r in stopped),
        start={number: missing - len(woken)} if missing > len(woken) else {},
        pause=tuple(r.id for r in ready),
        wake=tuple(r.id for r in woken),
    )


def next_id(name: str, revision: int, taken: Iterable[str]) -> str:
    """The least free id of the form `orders-7-0`."""
    used = set(taken)
    return next(i for n in count() if (i := f"{name}-{revision}-{n}") not in used)


def _worth(replica: Candidate) -> tuple[bool, float]:
    return replica.state == "ready", -replica.born


def _check_known(workload: Workload, number: int) -> None:
    if number not in workload.revisions:
        raise InvalidInput(f"revision {number} of {workload.ref} is asked for but not given")
