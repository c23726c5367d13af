"""The daemonless engine: an image put together here, layer by layer, and sent to a registry.

The base image of the runtime is in the registry already, and its layers are not moved. On it lie a
layer of packages, which is kept in the registry under the hash of what was asked for, and a layer
of code, which takes milliseconds. No socket, no privilege, and the same source gives the same
bytes.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

from plat_core.errors import BuildFailed, NotSupported, PlatError
from plat_core.model.build import BuildEvent, BuildOptions, LogLine, Step

from plat_builder import image_plan
from plat_builder.build_errors import failed
from plat_builder.image_plan import BaseImages, ImagePlan
from plat_builder.images.documents import ImageAddition, Layer
from plat_builder.images.layers import LayerFile, members, write_layer
from plat_builder.images.pusher import ImagePusher
from plat_builder.images.registry import Registry
from plat_builder.installer import install
from plat_builder.languages.language import CODE
from plat_builder.process import end_marked
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_builder.staging import Staging
from plat_builder.user_code import copy_files, source_changed


class LayersEngine:
    """Builds images without Docker; implements `ports.Builder`."""

    def __init__(
        self, home: Path, *, runtimes: Path, registry: Registry, settings: BuildSettings
    ) -> None:
        """Work below `home`, where nothing is kept; `runtimes` is the catalogue's folder."""
        self.catalog = RuntimeCatalog(runtimes)
        self._settings = settings
        self._home = home.absolute()
        self._staging = Staging(self._home / "staging", before=end_marked)
        self._names = image_plan.image_names(settings)
        self._registry = registry
        self._pusher = ImagePusher(registry)
        self._bases = BaseImages(registry, self._names)
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

    async def _build(self, source: Path, options: BuildOptions) -> AsyncGenerator[BuildEvent, None]:
        if self._first:
            self._first = False
            await asyncio.to_thread(self._staging.sweep)
        began, deadline = time.monotonic(), time.monotonic() + self._settings.timeout
        plan = await self._plan(source, options)
        yield LogLine(text=plan.summary)
        repository = self._names.function(plan.draft.name)
        digest = await self._registry.digest(repository, plan.tag)
        if digest is not None:
            yield plan.finished(self._names, digest, unchanged=True)
            return
        yield Step(name="source", seconds=time.monotonic() - began)
        layers: list[tuple[Layer, str]] = []
        async with aclosing(self._have_packages(plan, deadline, layers)) as events:
            async for event in events:
                yield event
        async with self._staging.hold() as slot:
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

    async def _plan(self, source: Path, options: BuildOptions) -> ImagePlan:
        settings = self._settings
        if (source / "Dockerfile").is_file():
            raise NotSupported(
                "the source has its own Dockerfile, and this builder works without Docker",
                fix="remove it (or name it in .platignore), or start the builder with "
                "PLAT_BUILD_ENGINE=docker",
            )
        draft = await asyncio.to_thread(image_plan.draw, source, options, self.catalog, settings)
        base = await self._bases.get(draft.findings.runtime)
        return await asyncio.to_thread(image_plan.complete, draft, base, settings)

    async def _have_packages(
        self, plan: ImagePlan, deadline: float, layers: list[tuple[Layer, str]]
    ) -> AsyncGenerator[BuildEvent, None]:
        """Add the layer of packages to `layers`; of two builds that want it, one makes it."""
        if plan.packages is None:
            return
        began = time.monotonic()
        lock = self._installs.setdefault(plan.packages_key, asyncio.Lock())
        if lock.locked():
            yield LogLine(text="another build is installing the same packages; waiting for it")
        await _turn(lock, deadline - began)
        try:
            layer = await self._pusher.kept(self._names.packages, plan.packages_tag)
            cached = layer is not None
            if layer is None:
                async with aclosing(self._install(plan, deadline)) as made:
                    async for item in made:
                        if isinstance(item, LogLine):
                            yield item
                        else:
                            layer = item
        finally:
            lock.release()
        if layer is not None:
            layers.append((layer, "packages"))
        yield Step(name="packages", seconds=time.monotonic() - began, cached=cached)

    async def _install(
        self, plan: ImagePlan, deadline: float
    ) -> AsyncGenerator[LogLine | Layer, None]:
        """Install the packages, and store them; the last item is their layer."""
        packages, settings = plan.packages, self._settings
        if packages is None:
            return
        cache = settings.cache or self._home / "cache"
        async with self._staging.hold() as slot:
            site, file = slot / "site", slot / "packages.tar.gz"
            site.mkdir()
            for tool in packages.tools(slot, site, settings, cache):
                run = install(tool, site, settings, slot=slot, cache=cache, deadline=deadline)
                async with aclosing(run) as lines:
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
        """The layer of code, from a copy that is what was planned."""
        draft, code = plan.draft, slot / CODE
        await asyncio.to_thread(copy_files, draft.source, draft.entries, code)
        if await asyncio.to_thread(image_plan.total, code, draft.entries) != draft.total:
            raise source_changed()
        if plan.compiler is not None:
            await draft.language.compile(code, draft.findings, plan.compiler)
        return await asyncio.to_thread(_write, members(code, CODE), slot / "code.tar.gz", contents)

    async def _publish(
        self, plan: ImagePlan, layers: Sequence[tuple[Layer, str]], contents: Mapping[str, Path]
    ) -> str:
        image_names, draft = self._names, plan.draft
        base = image_names.runtime(draft.findings.runtime.name)
        sources = dict.fromkeys((blob.digest for blob in plan.base.layers), base)
        kept = [layer.blob.digest for layer, _ in layers if layer.blob.digest not in contents]
        return await self._pusher.publish(
            image_names.function(draft.name),
            plan.tag,
            plan.base,
            ImageAddition(layers, plan.environment, plan.labels),
            contents=contents,
            sources=sources | dict.fromkeys(kept, image_names.packages),
        )


def _write(found: Iterable[LayerFile], file: Path, contents: dict[str, Path]) -> Layer:
    """Write a layer to `file`, and say in `contents` that it is there."""
    with file.open("wb") as into:
        layer = write_layer(found, into)
    contents[layer.blob.digest] = file
    return layer


async def _turn(lock: asyncio.Lock, seconds: float) -> None:
    try:
        await asyncio.wait_for(lock.acquire(), seconds)
    except TimeoutError:
        raise BuildFailed("another build of the same packages took too long") from None
