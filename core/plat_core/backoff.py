"""Exponential back-off: how long a loop waits between the attempts of one operation.

stamina and tenacity wrap a function that is called again. The loops of plat retry in queues, timers
and watches instead, where only the delay is needed: these lines are smaller than an adapter.
"""

from __future__ import annotations


def backoff_delay(failures: int, *, initial: float, maximum: float) -> float:
    """Return the delay in seconds after `failures` failures in a row.

    The first delay is `initial`. Each further one is twice the one before, up to `maximum`.
    """
    # 2.0 ** 1024 overflows, and 60 doublings exceed any maximum
    return min(initial * 2.0 ** min(max(failures - 1, 0), 60), maximum)


class Backoff:
    """The delays of one retry loop, which start again at `initial` after a success."""

    def __init__(self, *, initial: float, maximum: float) -> None:
        self._initial = initial
        self._maximum = maximum
        self.failures = 0

    def next_delay(self) -> float:
        """Count a failure and return the delay before the next attempt."""
        self.failures += 1
        return backoff_delay(self.failures, initial=self._initial, maximum=self._maximum)

    def reset(self) -> None:
        """Forget all failures, because the operation succeeded."""
        self.failures = 0
