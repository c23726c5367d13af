"""What the metrics read of the data path: the counters of each function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from plat_core.ports import Route


class CallCounters(Protocol):
    """Totals of the calls of one function since the gateway started."""

    @property
    def classes(self) -> Sequence[int]:
        """Number of calls by the first digit of their status."""
        ...

    @property
    def buckets(self) -> Sequence[int]:
        """Number of calls per bucket of duration, not cumulative; the last bucket is unbounded."""
        ...

    @property
    def seconds(self) -> float:
        """Sum of the durations of all calls."""
        ...

    @property
    def cold_starts(self) -> int:
        """Number of starts from zero replicas."""
        ...


class FunctionSample(Protocol):
    """The current state of one function on the data path."""

    @property
    def route(self) -> Route:
        """Route of the function."""
        ...

    @property
    def in_flight(self) -> int:
        """Number of calls that replicas are handling."""
        ...

    @property
    def waiting(self) -> int:
        """Number of calls that wait for a replica."""
        ...

    @property
    def counters(self) -> CallCounters:
        """Totals since the gateway started."""
        ...
