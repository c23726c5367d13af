"""The composition root of the builder service, which chooses the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager

from plat_core.extras import explain_missing_extra
from plat_core.ports import Builder
from plat_core.services.tokens import TokenGuard
from starlette.types import ASGIApp

from plat_builder import image_plan, runtimes
from plat_builder.engines.layers import LayersEngine
from plat_builder.images import garbage_collection
from plat_builder.images.connection import connect
from plat_builder.images.garbage_collection import RemovedImages
from plat_builder.images.registry import Registry
from plat_builder.service import BuildService
from plat_builder.serving.http import BuilderApi
from plat_builder.serving.settings import BuilderSettings
from plat_builder.settings import BuildSettings


@asynccontextmanager
async def service(settings: BuilderSettings, building: BuildSettings) -> AsyncIterator[ASGIApp]:
    """Run the builder's application over the engine of the settings."""
    async with AsyncExitStack() as stack:
        registry = connect(building)
        stack.push_async_callback(registry.close)
        engine = _engine(settings, building, registry, stack)
        builds = BuildService(engine, settings.home / "uploads", building)
        guard = TokenGuard(settings.auth_token, failures=settings.auth_failures)

        async def collect(keep: Collection[str], dry_run: bool) -> RemovedImages:
            return await garbage_collection.collect(
                registry, image_plan.image_names(building), keep, dry_run=dry_run
            )

        yield BuilderApi(builds, registry.check, collect).app(guard)


def _engine(
    settings: BuilderSettings, building: BuildSettings, registry: Registry, stack: AsyncExitStack
) -> Builder:
    catalog = runtimes.find()
    if settings.engine == "layers":
        return LayersEngine(settings.home, runtimes=catalog, registry=registry, settings=building)
    # the SDK of Docker is an optional dependency
    with explain_missing_extra():
        from plat_builder.daemon import Daemon
        from plat_builder.engines.docker import DockerEngine

    daemon = Daemon(building)
    stack.callback(daemon.close)
    return DockerEngine(runtimes=catalog, registry=registry, daemon=daemon, settings=building)
