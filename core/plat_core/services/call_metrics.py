"""Counters of a function's calls: the load for the autoscaler, and totals for the metrics.

One call costs a few integer and float additions here. Nothing is locked, sent or written.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Final

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the duration histogram in seconds; one more bucket counts longer calls."""


class ConcurrencyMeter:
    """Calls in flight and waiting, integrated over time.

    The mean since the last sample is weighted by time, like that of Knative's concurrency reporter:
    ten calls of a tenth of a second within one second are a concurrency of one.
    """

    __slots__ = ("_area", "_changed", "_clock", "_started", "last_active", "now")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started = self._changed = self.last_active = clock()
        self._area = 0.0
        self.now = 0

    def add(self, calls: int) -> None:
        """Count `calls` that started now, or ended if negative."""
        now = self._clock()
        self._area += self.now * (now - self._changed)
        self._changed = self.last_active = now
        self.now += calls

    def mean(self) -> float:
        """Return the mean concurrency since the last call of this method."""
        now = self._clock()
        area = self._area + self.now * (now - self._changed)
        span = now - self._started
        self._area, self._started, self._changed = 0.0, now, now
        if self.now:
            self.last_active = now
        return area / span if span > 0 else float(self.now)


class CallTotals:
    """Totals since the gateway started."""

    __slots__ = ("buckets", "classes", "cold_starts", "seconds")

    def __init__(self) -> None:
        self.classes = [0] * 6
        """Calls by the first digit of their status; a client that disconnected counts as 499."""
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0
        self.cold_starts = 0
        """How often a call woke the function because no replica was ready."""

    def observe(self, status: int, seconds: float) -> None:
        """Count a call that ended with `status` after `seconds`."""
        self.classes[status // 100] += 1
        self.buckets[bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds
