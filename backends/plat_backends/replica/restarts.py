"""Restart accounting of one replica. Pure: the time is always an argument."""

from __future__ import annotations

from typing import Final

from plat_core.backoff import Backoff

from plat_backends.replica.timing import ReplicaTiming

CRASH_LOOP_RESTARTS: Final = 3
"""Restarts in a row from which on a replica counts as crash looping."""


class RestartCounter:
    """Counts the restarts of a replica until it was ready for long enough."""

    def __init__(self, timing: ReplicaTiming) -> None:
        self._settled = timing.settled
        self._backoff = Backoff(initial=timing.backoff, maximum=timing.max_backoff)
        self._restarts = 0
        self.ready_at: float | None = None
        """Time since which the replica is ready; None before that."""

    def is_settled(self, now: float) -> bool:
        """Return whether the replica was ready for long enough to forget earlier restarts."""
        return self.ready_at is not None and now - self.ready_at >= self._settled

    def restarts(self, now: float) -> int:
        """Return the number of restarts to report."""
        return 0 if self.is_settled(now) else self._restarts

    def is_crash_looping(self, now: float) -> bool:
        """Return whether an exit at `now` makes the replica crash looping."""
        return self.restarts(now) + 1 >= CRASH_LOOP_RESTARTS

    def count_exit(self, now: float) -> None:
        """Count an exit of the replica, which makes it unready."""
        if self.is_settled(now):
            self._restarts = 0
            self._backoff.reset()
        self._restarts += 1
        self.ready_at = None

    def next_delay(self) -> float:
        """Return the delay before the next start."""
        return self._backoff.next_delay()
