"""The embedded engine: an artifact is the user's code beside a cached, unpacked environment.

    <home>/artifacts/<digest>/{code/, artifact.json}     <home>/environments/<key>/{site/, …}

Both appear whole by one rename and are never written again. The digest says what the code is, the
key what its environment was asked to be; nothing is installed for a key that is there.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from pathlib import Path

from plat_core.errors import BuildFailed, PlatError
from plat_core.model.build import BuildEvent, BuildOptions, LogLine, Step

from plat_builder import pip_install
from plat_builder.build_errors import failed
from plat_builder.engines import artifact_store
from plat_builder.engines.environment_plan import EnvironmentPlan, plan_environment
from plat_builder.installer import install
from plat_builder.process import end_marked
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_builder.staging import Staging


class EnvironmentEngine:
    """Builds Python sources for the embedded backend; implements `ports.Builder`."""

    def __init__(
        self, home: Path, *, runtimes: Path, settings: BuildSettings | None = None
    ) -> None:
        """Keep everything below `home`; `runtimes` is the catalogue's folder."""
        self.catalog = RuntimeCatalog(runtimes)
        self._settings = settings or BuildSettings()
        self._home = home.absolute()
        self._staging = Staging(self._home / "staging", before=end_marked)
        self._store = artifact_store.ArtifactStore(self._home, self._staging)
        self._installs: weakref.WeakValueDictionary[str, asyncio.Lock]
        self._installs = weakref.WeakValueDictionary()
        self._first = True

    async def build(self, source: Path, options: BuildOptions) -> AsyncGenerator[BuildEvent, None]:
        """See `ports.Builder.build`; what goes wrong is the last event, never an exception."""
        try:
            async with aclosing(self._build(source, options)) as events:
                async for event in events:
                    yield event
        except (PlatError, OSError) as error:
            yield failed(error)

    async def collect(
        self, keep: Collection[str], *, grace: float = artifact_store.GRACE_SECONDS
    ) -> artifact_store.RemovedArtifacts:
        """Remove artifacts whose digest is not in `keep`, environments that none needs, leftovers.

        What was used in the last `grace` seconds stays: it may be on its way into a function.
        """
        return await asyncio.to_thread(self._store.collect, set(keep), grace)

    async def _build(self, source: Path, options: BuildOptions) -> AsyncGenerator[BuildEvent, None]:
        if self._first:
            self._first = False
            await asyncio.to_thread(self._staging.sweep)
        began, deadline = time.monotonic(), time.monotonic() + self._settings.timeout
        plan = await asyncio.to_thread(
            plan_environment, source, options, self.catalog, self._settings
        )
        yield LogLine(text=plan.summary)
        if await asyncio.to_thread(self._store.has, plan):
            yield plan.finished(unchanged=True)
            return
        yield Step(name="source", seconds=time.monotonic() - began)
        async with aclosing(self._environment(plan, deadline)) as events:
            async for event in events:
                yield event
        began = time.monotonic()
        async with self._staging.hold() as slot:
            await self._store.add(plan, source, slot)
        yield Step(name="code", seconds=time.monotonic() - began)
        yield plan.finished(unchanged=False)

    async def _environment(
        self, plan: EnvironmentPlan, deadline: float
    ) -> AsyncGenerator[BuildEvent, None]:
        """Have the plan's environment; of two builds that want the same one, one installs it."""
        began = time.monotonic()
        lock = self._installs.setdefault(plan.key, asyncio.Lock())
        if lock.locked():
            yield LogLine(text="another build is installing the same packages; waiting for it")
            await _turn(lock, deadline)
        else:
            await lock.acquire()  # at once: nothing may come between the question and this
        try:
            cached = self._store.has_environment(plan.key)
            if not cached:
                async with aclosing(self._install(plan, deadline)) as lines:
                    async for line in lines:
                        yield line
        finally:
            lock.release()
        yield Step(name="environment", seconds=time.monotonic() - began, cached=cached)

    async def _install(
        self, plan: EnvironmentPlan, deadline: float
    ) -> AsyncGenerator[LogLine, None]:
        settings = self._settings
        async with self._staging.hold() as slot:
            site = slot / "environment" / "site"
            site.mkdir(parents=True)
            cache = settings.cache or self._home / "cache"
            tool = pip_install.tool(plan.order, slot, site, settings, cache)
            work = install(tool, site, settings, slot=slot, cache=cache, deadline=deadline)
            async with aclosing(work) as lines:
                async for line in lines:
                    yield line
            await asyncio.to_thread(self._store.add_environment, plan, site.parent)


async def _turn(lock: asyncio.Lock, deadline: float) -> None:
    try:
        await asyncio.wait_for(lock.acquire(), deadline - time.monotonic())
    except TimeoutError:
        raise BuildFailed("another build of the same packages took too long") from None
