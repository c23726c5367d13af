"""A work queue that works on each key once at a time, with retries.

Source: the work queue of Kubernetes' controllers (client-go `util/workqueue`). A key that is added
while it is worked on is worked on once more. A key that fails is retried with exponential back-off.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from plat_core.backoff import backoff_delay
from plat_core.errors import Conflict, PlatError

K = TypeVar("K", bound=Hashable)
log = logging.getLogger(__name__)

INITIAL_RETRY_DELAY = 0.2
MAX_RETRY_DELAY = 30.0
DURATIONS: Final = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
"""Upper bounds of the duration histogram, in seconds."""


@dataclass(slots=True)
class QueueMetrics:
    """Totals of a queue; `durations` counts by DURATIONS, with one more bucket for longer ones."""

    done: int = 0
    conflicts: int = 0
    errors: int = 0
    seconds: float = 0.0
    durations: list[int] = field(default_factory=lambda: [0] * (len(DURATIONS) + 1))

    def observe(self, seconds: float) -> None:
        """Count one run that took `seconds`."""
        self.seconds += seconds
        self.durations[bisect_left(DURATIONS, seconds)] += 1


class WorkQueue(Generic[K]):
    """Calls `work(key)` for each key that is added, for up to `max_concurrency` keys at a time."""

    def __init__(
        self, work: Callable[[K], Awaitable[None]], *, max_concurrency: int | None = None
    ) -> None:
        self.metrics = QueueMetrics()
        self._work = work
        self._limit = (
            asyncio.Semaphore(max_concurrency) if max_concurrency else contextlib.nullcontext()
        )
        self._tasks: dict[K, asyncio.Task[None]] = {}
        self._dirty: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        """Return the number of keys that are worked on or waiting."""
        return len(self._tasks)

    def add(self, key: K) -> None:
        """Work on `key` now, or once more if it is being worked on."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        if key in self._tasks:
            self._dirty.add(key)
        else:
            self._tasks[key] = asyncio.get_running_loop().create_task(self._run(key))

    async def _run(self, key: K) -> None:
        try:
            await self._measure(key)
            self._failures.pop(key, None)
            self.metrics.done += 1
        except Conflict as error:
            # another writer was faster; the next run reads its result
            self.metrics.conflicts += 1
            log.info("working on %s again: %s", key, error)
            self._retry(key)
        except PlatError as error:
            self.metrics.errors += 1
            log.warning("working on %s failed: %s", key, error)
            self._retry(key)
        except Exception:
            # one failing key must not stop the others
            self.metrics.errors += 1
            log.exception("working on %s failed", key)
            self._retry(key)
        finally:
            del self._tasks[key]
        if key in self._dirty:
            self._dirty.discard(key)
            self.add(key)

    async def _measure(self, key: K) -> None:
        async with self._limit:
            started = time.perf_counter()
            try:
                await self._work(key)
            finally:
                self.metrics.observe(time.perf_counter() - started)

    def _retry(self, key: K) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        delay = backoff_delay(failures, initial=INITIAL_RETRY_DELAY, maximum=MAX_RETRY_DELAY)
        self._timers[key] = asyncio.get_running_loop().call_later(delay, self.add, key)

    async def close(self) -> None:
        """Cancel all work and wait until it has ended."""
        for timer in self._timers.values():
            timer.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
