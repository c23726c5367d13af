"""Health of one ready replica, computed from the results of its probes. Pure."""

from __future__ import annotations

from typing import Literal

from plat_backends.replica.timing import ReplicaTiming

Health = Literal["healthy", "missed", "unready", "dead"]
OK = 200


class HealthMonitor:
    """Consecutive failures of the health probe of one replica."""

    def __init__(self, timing: ReplicaTiming) -> None:
        self._max_misses = timing.misses
        self._first_miss = 0.0
        self.misses = 0
        """Failed probes in a row."""

    def reset(self) -> None:
        """Forget all failures, because the replica was started or resumed."""
        self.misses = 0

    def observe(self, status: int | None, *, now: float, timeout: float) -> Health:
        """Count the result of a probe; `status` is None if no response came.

        A replica whose event loop is busy with one call cannot respond to probes. It is therefore
        dead only if it stays silent for `timeout`, the longest time that a call may take. It is
        dead at once if it responds with an error.
        """
        if status == OK:
            self.misses = 0
            return "healthy"
        if not self.misses:
            self._first_miss = now
        self.misses += 1
        if self.misses < self._max_misses:
            return "missed"
        patience = timeout if status is None else 0.0
        return "dead" if now - self._first_miss >= patience else "unready"
