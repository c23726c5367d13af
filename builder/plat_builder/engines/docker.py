"""The Docker engine: builds and pushes a Dockerfile, the user's own or a generated one.

A base image that is missing in the registry is built first. Builds run the user's Dockerfile with
Docker's rights over the machine, so use this engine only for trusted sources.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from plat_core.errors import BuildFailed
from plat_core.model.build import BuildEvent, BuildOptions, Finished, LogLine, Step

from plat_builder import image_plan
from plat_builder.base_images import BaseImages
from plat_builder.build_errors import with_failed_event
from plat_builder.daemon import Daemon
from plat_builder.engines import docker_context
from plat_builder.image_plan import ImagePlan
from plat_builder.images.registry import Registry
from plat_builder.process import TAIL
from plat_builder.runtime_images import BaseImagePublisher
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_builder.source import read_folder

SPOOLED = 4 * 1024 * 1024


@dataclass
class ImageBuild:
    """One image to build, its deadline, and its digest after the push."""

    name: str
    tag: str
    members: Sequence[docker_context.ContextFile]
    labels: Mapping[str, str]
    deadline: float
    digest: str = ""


class DockerEngine:
    """Builds images with Docker; implements `ports.Builder`."""

    def __init__(
        self,
        *,
        runtimes: Path,
        registry: Registry,
        daemon: Daemon,
        settings: BuildSettings,
    ) -> None:
        """`runtimes` is the catalogue's folder; `registry` is the one that Docker pushes to."""
        self.catalog = RuntimeCatalog(runtimes)
        self._settings = settings
        self._names = image_plan.image_names(settings)
        self._registry = registry
        self._daemon = daemon
        self._bases = BaseImages(registry, self._names)
        self._publisher = BaseImagePublisher(
            self.catalog, registry=registry, daemon=daemon, settings=settings
        )

    def build(self, source: Path, options: BuildOptions) -> AsyncGenerator[BuildEvent, None]:
        """See `ports.Builder.build`; an error is the last event, never an exception."""
        own = (source / docker_context.OWN).is_file()
        events = self._build_own(source, options) if own else self._build(source, options)
        return with_failed_event(events)

    async def _build(self, path: Path, options: BuildOptions) -> AsyncGenerator[BuildEvent, None]:
        settings, deadline = self._settings, time.monotonic() + self._settings.timeout
        source, info = await asyncio.to_thread(
            image_plan.read, path, options, self.catalog, settings
        )
        if not await self._bases.has(info.runtime):
            async with aclosing(self._publisher.publish(info.runtime)) as lines:
                async for text in lines:
                    yield LogLine(text=text)
        base = await self._bases.get(info.runtime)
        plan = await asyncio.to_thread(image_plan.plan_image, source, info, base, settings)
        yield LogLine(text=plan.summary)
        digest = await self._registry.digest(self._names.function(source.name), plan.tag)
        if digest is not None:
            yield plan.finished(self._names, digest, unchanged=True)
            return
        name = self._names.image(self._names.runtime(info.runtime.name), base.digest)
        files = await asyncio.to_thread(docker_context.of_function, plan, name, settings.network)
        work = ImageBuild(source.name, plan.tag, files, plan.labels, deadline)
        tail: deque[str] = deque(maxlen=TAIL)
        try:
            async with aclosing(self._make(work)) as events:
                async for event in events:
                    if isinstance(event, LogLine):
                        tail.append(event.text)
                    yield event
        except BuildFailed as error:
            raise _explained(plan, error, list(tail)) from None
        yield plan.finished(self._names, work.digest, unchanged=False)

    async def _build_own(
        self, path: Path, options: BuildOptions
    ) -> AsyncGenerator[BuildEvent, None]:
        """Build a source with its own Dockerfile."""
        settings, deadline = self._settings, time.monotonic() + self._settings.timeout
        source = await asyncio.to_thread(read_folder, path, options, settings.limits)
        labels = image_plan.labels(source.name, settings.registry.instance)
        tag = await asyncio.to_thread(image_plan.dockerfile_tag, source, labels)
        yield LogLine(text="the source's own Dockerfile decides")
        repository = self._names.function(source.name)
        before = await self._registry.digest(repository, tag)
        files = docker_context.of_dockerfile(source)
        work = ImageBuild(source.name, tag, files, labels, deadline, before or "")
        if before is None:
            async with aclosing(self._make(work)) as events:
                async for event in events:
                    yield event
        yield Finished(
            image=self._names.image(repository, work.digest),
            digest=work.digest.removeprefix("sha256:"),
            runtime=source.options.runtime or docker_context.DOCKERFILE_RUNTIME,
            handler=source.options.handler,
            unchanged=before is not None,
        )

    async def _make(self, work: ImageBuild) -> AsyncGenerator[LogLine | Step, None]:
        """Build and push; then the work has its digest."""
        began = time.monotonic()
        image = self._names.image(self._names.function(work.name), work.tag)
        repository = image.rpartition(":")[0]
        with tempfile.SpooledTemporaryFile(SPOOLED) as tar:
            await asyncio.to_thread(docker_context.write, work.members, tar)
            tar.seek(0)
            built = self._daemon.build(tar, image, labels=work.labels, deadline=work.deadline)
            async with aclosing(built) as lines:
                async for line in lines:
                    yield LogLine(text=line)
        yield Step(name="image", seconds=time.monotonic() - began)
        began = time.monotonic()
        work.digest = await self._daemon.push(repository, work.tag, deadline=work.deadline)
        yield Step(name="push", seconds=time.monotonic() - began)


def _explained(plan: ImagePlan, error: BuildFailed, output: list[str]) -> BuildFailed:
    """What a failed build means in the user's own lines."""
    language = plan.language
    if found := language.explain_code(output):
        return found
    if plan.packages is not None and "returned a non-zero code" in error.message:
        return plan.packages.explain(output, 1)
    return error
