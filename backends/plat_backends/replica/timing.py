"""Durations by which a backend starts, probes, restarts and stops its replicas."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReplicaTiming:
    """Durations in seconds; `misses` is a number of probes."""

    start: float = 60.0
    """Deadline for a replica to become ready."""
    probe: float = 5.0
    """Time between two probes of a ready replica, and the timeout of one."""
    misses: int = 3
    """Consecutive failed health probes after which a replica is killed."""
    drain: float = 0.5
    """Time between the removal of a replica from the routes and SIGTERM.

    Requests that are on their way would be lost in a server that closes idle connections.
    """
    grace: float = 10.0
    """Time to exit after SIGTERM, in addition to the timeout of the function."""
    backoff: float = 0.5
    """Delay before the first restart; each further one is twice as long."""
    max_backoff: float = 30.0
    settled: float = 10.0
    """Time in readiness after which earlier restarts no longer count."""
