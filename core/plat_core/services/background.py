"""Work beside the body of a service, for as long as the service lives: none of it ends in silence.

What a task that died of a bug had in memory cannot be trusted, and to begin it anew beside the rest
would hide the bug. So the service ends with it, and whatever supervises the service (a restart
policy, the kubelet) starts it again, after growing pauses and visibly. Replicas run on meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

log = logging.getLogger(__name__)

Work = Coroutine[Any, Any, None]


class Background:
    """The work that runs beside a body; made by `background`."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, *work: Work) -> None:
        """Run more of it, until the body ends."""
        for one in work:
            task = self._group.create_task(_for_ever(one), name=_name(one))
            # one that is cancelled before its first step was never awaited
            task.add_done_callback(lambda _, one=one: one.close())  # type: ignore[misc]
            self._tasks.append(task)

    def cancel(self) -> None:
        """End all of it."""
        for task in self._tasks:
            task.cancel()


@asynccontextmanager
async def background(*work: Work) -> AsyncIterator[Background]:
    """Run coroutines beside the body, each until the body ends.

    One that fails, or that returns before, cancels the body; the context then raises its error,
    and not a group around it, so that who started the service can read it.
    """
    try:
        async with asyncio.TaskGroup() as group:
            beside = Background(group)
            beside.begin(*work)
            try:
                yield beside
            finally:
                beside.cancel()
    except BaseExceptionGroup as errors:
        raise _alone(errors) from None


async def _for_ever(work: Work) -> None:
    name = _name(work)
    try:
        await work
    except Exception as error:
        log.critical("%s failed, and the service ends with it: %s", name, _alone(error))
        raise
    log.critical("%s returned, and the service ends with it", name)
    raise RuntimeError(f"{name} returned, which it never should")


def _name(work: Work) -> str:
    return str(getattr(work, "__qualname__", work))


def _alone(error: BaseException) -> BaseException:
    """The one error of a group of one."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        [error] = error.exceptions
    return error
