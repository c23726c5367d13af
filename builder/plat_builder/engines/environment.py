"""The embedded engine: an artifact is the user's code beside a cached, unpacked environment.

    <home>/artifacts/<digest>/{code/, artifact.json}     <home>/environments/<key>/{site/, …}

Both are moved into place by one rename and never written again. The digest identifies the code,
the key the environment that was requested. An environment is installed once per key.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from functools import partial
from pathlib import Path

from plat_core.model.build import BuildEvent, BuildOptions, LogLine, Step

from plat_builder.build_errors import with_failed_event
from plat_builder.engines.artifact_store import GRACE_SECONDS, ArtifactStore, RemovedArtifacts
from plat_builder.engines.environment_plan import EnvironmentPlan, plan_environment
from plat_builder.engines.workspace import BuildWorkspace
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings


class EnvironmentEngine:
    """Builds sources for the embedded backend; implements `ports.Builder`."""

    def __init__(
        self, home: Path, *, runtimes: Path, settings: BuildSettings | None = None
    ) -> None:
        """Store everything below `home`; `runtimes` is the folder of the catalog."""
        self.catalog = RuntimeCatalog(runtimes)
        self._settings = settings or BuildSettings()
        self._workspace = BuildWorkspace(home.absolute(), self._settings)
        self._store = ArtifactStore(home.absolute(), self._workspace.staging)

    def build(self, source: Path, options: BuildOptions) -> AsyncGenerator[BuildEvent, None]:
        """See `ports.Builder.build`; an error is the last event, never an exception."""
        return with_failed_event(self._build(source, options))

    async def collect(
        self, keep: Collection[str], *, grace: float = GRACE_SECONDS
    ) -> RemovedArtifacts:
        """Remove artifacts whose digest is not in `keep`, unused environments, and leftovers.

        Anything used in the last `grace` seconds stays: a function may be about to use it.
        """
        return await asyncio.to_thread(self._store.collect, set(keep), grace)

    async def _build(self, source: Path, options: BuildOptions) -> AsyncGenerator[BuildEvent, None]:
        await self._workspace.sweep_once()
        began, deadline = time.monotonic(), time.monotonic() + self._settings.timeout
        plan = await asyncio.to_thread(
            plan_environment, source, options, self.catalog, self._settings
        )
        yield LogLine(text=plan.summary)
        if await asyncio.to_thread(self._store.has, plan):
            yield plan.finished(unchanged=True)
            return
        yield Step(name="source", seconds=time.monotonic() - began)
        environment = self._workspace.find_or_make(
            "environment",
            plan.key,
            deadline,
            find=partial(self._find_environment, plan.key),
            make=partial(self._install, plan, deadline),
        )
        async with aclosing(environment) as items:
            async for item in items:
                if not isinstance(item, Path):
                    yield item
        began = time.monotonic()
        async with self._workspace.staging.hold() as slot:
            await self._store.add(plan, slot)
        yield Step(name="code", seconds=time.monotonic() - began)
        yield plan.finished(unchanged=False)

    async def _find_environment(self, key: str) -> Path | None:
        return self._store.site(key) if self._store.has_environment(key) else None

    async def _install(
        self, plan: EnvironmentPlan, deadline: float
    ) -> AsyncGenerator[LogLine | Path, None]:
        """Install the plan's environment and store it; the last item is its folder."""
        workspace = self._workspace
        async with workspace.staging.hold() as slot:
            site = slot / "environment" / "site"
            site.mkdir(parents=True)
            tool = plan.environment.tool(slot, site, self._settings, workspace.cache)
            async with aclosing(workspace.run_tools([tool], site, slot, deadline)) as lines:
                async for line in lines:
                    yield line
            await asyncio.to_thread(self._store.add_environment, plan, site.parent)
        yield self._store.site(plan.key)
