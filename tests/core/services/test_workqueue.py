"""The work queue: concurrency and metrics."""

from __future__ import annotations

import asyncio

from plat_core.errors import Unavailable
from plat_core.services.workqueue import WorkQueue


async def test_limits_concurrency_and_counts_all_runs() -> None:
    running, most = 0, 0
    ended = asyncio.Semaphore(0)

    async def work(key: str) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        ended.release()
        if key == "bad":
            raise Unavailable("not now")

    queue: WorkQueue[str] = WorkQueue(work, max_concurrency=2)
    for key in ("a", "b", "c", "bad"):
        queue.add(key)
    assert len(queue) == 4
    for _ in range(4):
        await ended.acquire()
    await queue.close()
    assert most == 2
    assert (queue.metrics.done, queue.metrics.errors, sum(queue.metrics.durations)) == (3, 1, 4)
