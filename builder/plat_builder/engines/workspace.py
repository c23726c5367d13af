"""What the engines share: staging folders, one installation at a time per key, and reuse."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import TypeVar

from plat_core.errors import BuildFailed
from plat_core.model.build import LogLine, Step

from plat_builder.installer import InstallerCommand, run_installer
from plat_builder.process import end_marked
from plat_builder.settings import BuildSettings
from plat_builder.staging import Staging

Made = TypeVar("Made")


class BuildWorkspace:
    """The working folder of one engine."""

    def __init__(self, home: Path, settings: BuildSettings) -> None:
        self.staging = Staging(home / "staging", before=end_marked)
        self.cache = settings.cache or home / "cache"
        self._settings = settings
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock]
        self._locks = weakref.WeakValueDictionary()
        self._is_swept = False

    async def sweep_once(self) -> None:
        """Remove leftovers of dead builds at the first build of this process."""
        if not self._is_swept:
            self._is_swept = True
            await asyncio.to_thread(self.staging.sweep)

    async def find_or_make(
        self,
        step: str,
        key: str,
        deadline: float,
        *,
        find: Callable[[], Awaitable[Made | None]],
        make: Callable[[], AsyncGenerator[LogLine | Made, None]],
    ) -> AsyncGenerator[LogLine | Step | Made, None]:
        """Yield the stored result for `key`, or make it; of two builds at once, one makes it.

        `make` yields lines for the log and the result last. Raises BuildFailed after `deadline`.
        """
        began = time.monotonic()
        lock = self._locks.setdefault(key, asyncio.Lock())
        if lock.locked():
            yield LogLine(text="another build is installing the same packages; waiting for it")
            await _acquire(lock, deadline)
        else:
            # a free lock is acquired without a switch of tasks, so no build can come between
            await lock.acquire()
        try:
            result = await find()
            if result is not None:
                yield result
            else:
                async with aclosing(make()) as items:
                    async for item in items:
                        yield item
        finally:
            lock.release()
        yield Step(name=step, seconds=time.monotonic() - began, cached=result is not None)

    async def run_tools(
        self, tools: Iterable[InstallerCommand], site: Path, slot: Path, deadline: float
    ) -> AsyncGenerator[LogLine, None]:
        """Run installers one after the other into `site`, inside the staging folder `slot`."""
        for tool in tools:
            run = run_installer(
                tool, site, self._settings, slot=slot, cache=self.cache, deadline=deadline
            )
            async with aclosing(run) as lines:
                async for line in lines:
                    yield line


async def _acquire(lock: asyncio.Lock, deadline: float) -> None:
    try:
        await asyncio.wait_for(lock.acquire(), deadline - time.monotonic())
    except TimeoutError:
        raise BuildFailed("another build of the same packages took too long") from None
