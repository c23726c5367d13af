"""The base images of runtimes in a registry."""

from __future__ import annotations

import platform
from collections import OrderedDict

from plat_core.errors import Unavailable

from plat_builder.images import documents
from plat_builder.images.documents import BaseImage
from plat_builder.images.image_names import ImageNames
from plat_builder.images.registry import Registry
from plat_builder.runtimes import Runtime

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
MACHINE = _ARCHITECTURES.get(platform.machine(), platform.machine())
"""Architecture of the nodes as OCI names it: that of this machine."""
MAX_CACHED = 50
"""Base images whose documents stay in memory."""


class BaseImages:
    """Reads base images from a registry, and caches their documents by digest."""

    def __init__(self, registry: Registry, image_names: ImageNames) -> None:
        self._registry = registry
        self._names = image_names
        self._cached: OrderedDict[str, BaseImage] = OrderedDict()

    async def has(self, runtime: Runtime) -> bool:
        """Return whether the base image of `runtime` is in the registry."""
        repository, tag = self._names.runtime(runtime.name), self._names.version
        return await self._registry.digest(repository, tag) is not None

    async def get(self, runtime: Runtime) -> BaseImage:
        """Return the base image of `runtime`; raises Unavailable if it was not pushed."""
        repository, tag = self._names.runtime(runtime.name), self._names.version
        digest = await self._registry.digest(repository, tag)
        if digest is None:
            raise Unavailable(
                f"there is no base image {self._names.image(repository, tag)}",
                fix="docker compose up runtimes pushes it; without compose: "
                f"PLAT_REGISTRY={self._names.name} hack/build-runtimes",
            )
        if digest not in self._cached:
            self._cached[digest] = await self._read(repository, digest)
            while len(self._cached) > MAX_CACHED:
                self._cached.popitem(last=False)
        return self._cached[digest]

    async def _read(self, repository: str, digest: str) -> BaseImage:
        manifest, media_type = await self._manifest(repository, digest)
        if media_type in (documents.INDEX, documents.DOCKER_INDEX):
            chosen = documents.choose(manifest, MACHINE)
            if chosen is None:
                raise Unavailable(
                    f"{self._names.image(repository, digest)} has no image for {MACHINE}",
                    fix="hack/build-runtimes on such a machine pushes one",
                )
            manifest, _ = await self._manifest(repository, chosen)
        config = await self._registry.document(repository, documents.config_of(manifest))
        return documents.read_base(manifest, config, digest)

    async def _manifest(self, repository: str, digest: str) -> tuple[bytes, str]:
        found = await self._registry.manifest(repository, digest)
        if found is None:
            raise Unavailable(
                f"the registry lost {self._names.image(repository, digest)}",
                fix="hack/build-runtimes pushes it again",
            )
        return found
