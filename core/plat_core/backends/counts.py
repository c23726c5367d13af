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
    """What makes a workload true: replicas to stop, and how many to start of each revision."""

    stop: tuple[str, ...]
    start: Mapping[int, int]


def change(workload: Workload, present: Iterable[Candidate]) -> Change:
    """Compare what is wanted with what is there; raises InvalidInput for an unknown revision.

    Replicas that are stopping already count for nothing. Unready ones go first, then the youngest.
    """
    by_revision: dict[int, list[Candidate]] = {}
    for replica in present:
        if replica.state != "stopping":
            by_revision.setdefault(replica.revision, []).append(replica)
    stop: list[str] = []
    start: dict[int, int] = {}
    for number in sorted({*by_revision, *workload.counts}):
        wanted = max(workload.counts.get(number, 0), 0)
        there = sorted(by_revision.get(number, []), key=_worth, reverse=True)
        stop += [replica.id for replica in there[wanted:]]
        if wanted > len(there):
            _check_known(workload, number)
            start[number] = wanted - len(there)
    return Change(tuple(stop), start)


def next_id(name: str, revision: int, taken: Iterable[str]) -> str:
    """The least free id of the form `orders-7-0`."""
    used = set(taken)
    return next(i for n in count() if (i := f"{name}-{revision}-{n}") not in used)


def _worth(replica: Candidate) -> tuple[bool, float]:
    return replica.state == "ready", -replica.born


def _check_known(workload: Workload, number: int) -> None:
    if number not in workload.revisions:
        raise InvalidInput(f"revision {number} of {workload.ref} is asked for but not given")
