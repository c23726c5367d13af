"""A de-duplicating work queue: one piece of work at a time per key, and no request for it lost.

Source: the work queue of Kubernetes' controllers (client-go `util/workqueue`): a key that is added
while it is worked on is worked on once more; a failing key comes back with a growing delay.
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

FIRST_RETRY = 0.2
LAST_RETRY = 30.0
DURATIONS: Final = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
"""Upper bounds, in seconds, of the classes of durations that are counted."""


@dataclass(slots=True)
class Tally:
    """What a queue did so far; `durations` counts by DURATIONS, and beyond the last of them."""

    done: int = 0
    conflicts: int = 0
    errors: int = 0
    seconds: float = 0.0
    durations: list[int] = field(default_factory=lambda: [0] * (len(DURATIONS) + 1))

    def took(self, seconds: float) -> None:
        """Count one piece of work."""
        self.seconds += seconds
        self.durations[bisect_left(DURATIONS, seconds)] += 1


class WorkQueue(Generic[K]):
    """Calls `work(key)` for each key that was added, for up to `at_once` keys at a time."""

    def __init__(self, work: Callable[[K], Awaitable[None]], *, at_once: int | None = None) -> None:
        self.tally = Tally()
        self._work = work
        self._room = asyncio.Semaphore(at_once) if at_once else contextlib.nullcontext()
        self._busy: dict[K, asyncio.Task[None]] = {}
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        """How many keys are worked on, or wait for it."""
        return len(self._busy)

    def add(self, key: K) -> None:
        """Work on `key` now, or once more if it is being worked on."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        if key in self._busy:
            self._again.add(key)
        else:
            self._busy[key] = asyncio.get_running_loop().create_task(self._run(key))

    async def _run(self, key: K) -> None:
        try:
            await self._do(key)
            self._failures.pop(key, None)
            self.tally.done += 1
        except Conflict as error:
            # somebody else wrote first: the next look sees what
            self.tally.conflicts += 1
            log.info("working on %s again: %s", key, error)
            self._retry(key)
        except PlatError as error:
            self.tally.errors += 1
            log.warning("working on %s failed: %s", key, error)
            self._retry(key)
        except Exception:
            # a controller outlives any failing key; it is tried again, ever more slowly
            self.tally.errors += 1
            log.exception("working on %s failed", key)
            self._retry(key)
        finally:
            del self._busy[key]
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    async def _do(self, key: K) -> None:
        async with self._room:
            began = time.perf_counter()
            try:
                await self._work(key)
            finally:
                self.tally.took(time.perf_counter() - began)

    def _retry(self, key: K) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        delay = backoff_delay(failures, initial=FIRST_RETRY, maximum=LAST_RETRY)
        self._timers[key] = asyncio.get_running_loop().call_later(delay, self.add, key)

    async def close(self) -> None:
        """Cancel what is under way and wait for its end."""
        for timer in self._timers.values():
            timer.cancel()
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
