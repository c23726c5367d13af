"""Build and push the base images of runtimes with Docker, if their folders changed."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from plat_builder import image_plan
from plat_builder.daemon import Daemon
from plat_builder.engines import docker_context
from plat_builder.images import documents
from plat_builder.images.registry import Registry
from plat_builder.runtimes import Runtime, RuntimeCatalog
from plat_builder.settings import BuildSettings

SOURCE_LABEL = "plat.dev/source"
"""Label of a base image with the hash of its build context."""
BUILD_SECONDS = 1800.0
SPOOLED = 4 * 1024 * 1024


class BaseImagePublisher:
    """Builds base images and pushes them to a registry."""

    def __init__(
        self,
        catalog: RuntimeCatalog,
        *,
        registry: Registry,
        daemon: Daemon,
        settings: BuildSettings,
    ) -> None:
        self._catalog = catalog
        self._registry = registry
        self._daemon = daemon
        self._settings = settings
        self._names = image_plan.image_names(settings)

    async def seed(self) -> AsyncGenerator[str, None]:
        """Build and push every runtime's base image; yield lines for the log.

        Raises BuildFailed, Unavailable.
        """
        for runtime in self._catalog.list():
            async with aclosing(self.publish(runtime)) as lines:
                async for line in lines:
                    yield line

    async def publish(self, runtime: Runtime) -> AsyncGenerator[str, None]:
        """Build and push the base image of one runtime; see `seed`."""
        repository, tag = self._names.runtime(runtime.name), self._names.version
        image = self._names.image(repository, tag)
        deadline = time.monotonic() + BUILD_SECONDS
        members = docker_context.of_runtime(runtime, self._catalog, self._settings.network)
        with tempfile.SpooledTemporaryFile(SPOOLED) as tar:
            source = await asyncio.to_thread(docker_context.write, members, tar)
            if await self._source(repository, tag) == source:
                yield f"{image} is there"
                return
            tar.seek(0)
            built = self._daemon.build(
                tar,
                image,
                dockerfile=f"{runtime.name}/Dockerfile",
                labels={SOURCE_LABEL: source},
                deadline=deadline,
            )
            async with aclosing(built) as lines:
                async for line in lines:
                    yield line
        digest = await self._daemon.push(image.rpartition(":")[0], tag, deadline=deadline)
        yield f"{image} is pushed: {digest}"

    async def _source(self, repository: str, tag: str) -> str | None:
        """What the base image in the registry was made from; None where there is none."""
        found = await self._registry.manifest(repository, tag)
        if found is None or found[1] in (documents.INDEX, documents.DOCKER_INDEX):
            return None
        config = await self._registry.document(repository, documents.config_of(found[0]))
        labels = (json.loads(config).get("config") or {}).get("Labels") or {}
        return labels.get(SOURCE_LABEL)
