"""The engine without Docker: makes an image layer by layer, and pushes it to a registry.

The base image of the runtime is in the registry already and stays there. A layer of packages is
stored in the registry by the hash of what was requested. The layer of code takes milliseconds.
The engine needs no socket and no privilege, and the same source gives the same bytes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path

from plat_core.errors import NotSupported
from plat_core.model.build import BuildEvent, BuildOptions, LogLine, Step

from plat_builder import image_plan
from plat_builder.base_images import BaseImages
from plat_builder.build_errors import with_failed_event
from plat_builder.engines.workspace import BuildWorkspace
from plat_builder.image_plan import ImagePlan
from plat_builder.images.documents import ImageAddition, Layer
from plat_builder.images.layers import LayerFile, members, write_layer
from plat_builder.images.pusher import ImagePusher
from plat_builder.images.registry import Registry
from plat_builder.languages.language import CODE, LanguagePackages
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_builder.user_code import copy_files, source_changed


class LayersEngine:
    """Builds images without Docker; implements `ports.Builder`."""

    def __init__(
        self, home: Path, *, runtimes: Path, registry: Registry, settings: BuildSettings
    ) -> None:
        """Work below `home`, where nothing is stored; `runtimes` is the folder of the catalog."""
        self.catalog = RuntimeCatalog(runtimes)
        self._settings = settings
        self._workspace = BuildWorkspace(home.absolute(), settings)
        self._names = image_plan.image_names(settings)
        self._registry = registry
        self._pusher = ImagePusher(registry)
        self._bases = BaseImages(registry, self._names)

    def build(self, source: Path, options: BuildOptions) -> AsyncGenerator[BuildEvent, None]:
        """See `ports.Builder.build`; an error is the last event, never an exception."""
        return with_failed_event(self._build(source, options))

    async def _build(self, source: Path, options: BuildOptions) -> AsyncGenerator[BuildEvent, None]:
        await self._workspace.sweep_once()
        began, deadline = time.monotonic(), time.monotonic() + self._settings.timeout
        plan = await self._plan(source, options)
        yield LogLine(text=plan.summary)
        repository = self._names.function(plan.source.name)
        digest = await self._registry.digest(repository, plan.tag)
        if digest is not None:
            yield plan.finished(self._names, digest, unchanged=True)
            return
        yield Step(name="source", seconds=time.monotonic() - began)
        layers: list[tuple[Layer, str]] = []
        async with aclosing(self._packages(plan, deadline, layers)) as events:
            async for event in events:
                yield event
        async with self._workspace.staging.hold() as slot:
            began = time.monotonic()
            contents: dict[str, Path] = {}
            if plan.has_ca:
                layers.append((await self._certificates(slot, contents), "certificates"))
            layers.append((await self._code(plan, slot, contents), "code"))
            yield Step(name="code", seconds=time.monotonic() - began)
            began = time.monotonic()
            digest = await self._publish(plan, layers, contents)
        yield Step(name="push", seconds=time.monotonic() - began)
        yield plan.finished(self._names, digest, unchanged=False)

    async def _plan(self, path: Path, options: BuildOptions) -> ImagePlan:
        settings = self._settings
        if (path / "Dockerfile").is_file():
            raise NotSupported(
                "the source has its own Dockerfile, and this builder works without Docker",
                fix="remove it (or name it in .platignore), or start the builder with "
                "PLAT_BUILD_ENGINE=docker",
            )
        source, info = await asyncio.to_thread(
            image_plan.read, path, options, self.catalog, settings
        )
        base = await self._bases.get(info.runtime)
        return await asyncio.to_thread(image_plan.plan_image, source, info, base, settings)

    async def _packages(
        self, plan: ImagePlan, deadline: float, layers: list[tuple[Layer, str]]
    ) -> AsyncGenerator[BuildEvent, None]:
        """Append the layer of packages to `layers`, if the plan has one."""
        if plan.packages is None:
            return
        found = self._workspace.find_or_make(
            "packages",
            plan.packages_key,
            deadline,
            find=partial(self._pusher.kept, self._names.packages, plan.packages_tag),
            make=partial(self._install, plan, plan.packages, deadline),
        )
        async with aclosing(found) as items:
            async for item in items:
                if isinstance(item, Layer):
                    layers.append((item, "packages"))
                else:
                    yield item

    async def _install(
        self, plan: ImagePlan, packages: LanguagePackages, deadline: float
    ) -> AsyncGenerator[LogLine | Layer, None]:
        """Install the packages and store them in the registry; the last item is their layer."""
        workspace = self._workspace
        async with workspace.staging.hold() as slot:
            site, file = slot / "site", slot / "packages.tar.gz"
            site.mkdir()
            tools = packages.tools(slot, site, self._settings, workspace.cache)
            async with aclosing(workspace.run_tools(tools, site, slot, deadline)) as lines:
                async for line in lines:
                    yield line
            await asyncio.to_thread(packages.finish, site)
            found = members(site / packages.inside, packages.place)
            layer = await asyncio.to_thread(_write, found, file, {})
            await self._pusher.keep(self._names.packages, plan.packages_tag, layer, file)
        yield layer

    async def _certificates(self, slot: Path, contents: dict[str, Path]) -> Layer:
        member = LayerFile(image_plan.CA_FILE, Path(self._settings.network.ca_bundle))
        return await asyncio.to_thread(_write, [member], slot / "ca.tar.gz", contents)

    async def _code(self, plan: ImagePlan, slot: Path, contents: dict[str, Path]) -> Layer:
        """Return the layer of code, made from a copy that equals the planned source."""
        source, code = plan.source, slot / CODE
        await asyncio.to_thread(copy_files, source.path, source.files, code)
        if await asyncio.to_thread(source.digest, code) != plan.source_digest:
            raise source_changed()
        if plan.compiler is not None:
            await plan.language.compile(code, Path("/", CODE), plan.info, plan.compiler)
        return await asyncio.to_thread(_write, members(code, CODE), slot / "code.tar.gz", contents)

    async def _publish(
        self, plan: ImagePlan, layers: Sequence[tuple[Layer, str]], contents: Mapping[str, Path]
    ) -> str:
        base = self._names.runtime(plan.info.runtime.name)
        sources = dict.fromkeys((blob.digest for blob in plan.base.layers), base)
        stored = [layer.blob.digest for layer, _ in layers if layer.blob.digest not in contents]
        return await self._pusher.publish(
            self._names.function(plan.source.name),
            plan.tag,
            plan.base,
            ImageAddition(layers, plan.environment, plan.labels),
            contents=contents,
            sources=sources | dict.fromkeys(stored, self._names.packages),
        )


def _write(found: Iterable[LayerFile], file: Path, contents: dict[str, Path]) -> Layer:
    """Write a layer to `file`, and say in `contents` that it is there."""
    with file.open("wb") as into:
        layer = write_layer(found, into)
    contents[layer.blob.digest] = file
    return layer
