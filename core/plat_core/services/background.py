"""Background tasks of a service: a task that fails ends the service.

The state of a task that failed of a bug cannot be trusted, and a restart within the process would
hide the bug. So the service exits, and its supervisor (a restart policy, the kubelet) starts it
again with back-off. Replicas keep running meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

log = logging.getLogger(__name__)

Work = Coroutine[Any, Any, None]


class BackgroundTasks:
    """The tasks that run during a `background` block."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, *work: Work) -> None:
        """Start more tasks, which run until the block ends."""
        for one in work:
            task = self._group.create_task(_run_forever(one), name=_name(one))
            # a task that is cancelled before its first step never awaits its coroutine
            task.add_done_callback(lambda _, one=one: one.close())  # type: ignore[misc]
            self._tasks.append(task)

    def cancel(self) -> None:
        """Cancel all tasks."""
        for task in self._tasks:
            task.cancel()


@asynccontextmanager
async def background(*work: Work) -> AsyncIterator[BackgroundTasks]:
    """Run coroutines until the block ends.

    A coroutine that fails or returns cancels the block. The context then raises the error itself
    instead of an exception group, so that the caller can handle it by type.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = BackgroundTasks(group)
            tasks.begin(*work)
            try:
                yield tasks
            finally:
                tasks.cancel()
    except BaseExceptionGroup as errors:
        raise _unwrap(errors) from None


async def _run_forever(work: Work) -> None:
    name = _name(work)
    try:
        await work
    except Exception as error:
        log.critical("%s failed, and the service ends with it: %s", name, _unwrap(error))
        raise
    log.critical("%s returned, and the service ends with it", name)
    raise RuntimeError(f"{name} returned, which it never should")


def _name(work: Work) -> str:
    return str(getattr(work, "__qualname__", work))


def _unwrap(error: BaseException) -> BaseException:
    """Return the only error of a group, or the group itself if it has several."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        [error] = error.exceptions
    return error
