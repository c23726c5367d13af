"""Base images: each folder of the catalogue is built by Docker and pushed, where it changed."""

from __future__ import annotations

import hashlib
import json
import tarfile
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path

from plat_builder import blueprint, pack
from plat_builder.engines.docker import Daemon
from plat_builder.images import documents
from plat_builder.images.places import Places
from plat_builder.images.registry import Registry
from plat_builder.runtimes import PROGRAM, Catalogue, Runtime
from plat_builder.settings import BuildSettings
from plat_builder.staging import Staging

SOURCE_LABEL = "plat.dev/source"
"""The label of a base image with the hash of what it was made from."""
BUILD_SECONDS = 1800.0


class Seeder:
    """Brings base images into a registry."""

    def __init__(
        self,
        home: Path,
        catalogue: Catalogue,
        *,
        registry: Registry,
        daemon: Daemon,
        settings: BuildSettings,
    ) -> None:
        """Work below `home`, where nothing is kept."""
        self._staging = Staging(home.absolute() / "staging")
        self._catalogue = catalogue
        self._registry = registry
        self._daemon = daemon
        self._settings = settings
        self._places: Places = blueprint.places(settings)

    async def seed(self) -> AsyncGenerator[str, None]:
        """Have every runtime's base image in the registry; says what it does, line by line.

        Raises BuildFailed, Unavailable.
        """
        for runtime in self._catalogue.list():
            async with aclosing(self._seed(runtime)) as lines:
                async for line in lines:
                    yield line

    async def _seed(self, runtime: Runtime) -> AsyncGenerator[str, None]:
        repository, tag = self._places.runtime(runtime.name), self._places.version
        image = self._places.image(repository, tag)
        deadline = time.monotonic() + BUILD_SECONDS
        async with self._staging.hold() as slot:
            context = slot / "context.tar"
            source = _write_context(context, self._catalogue, runtime, self._settings)
            if await self._source(repository, tag) == source:
                yield f"{image} is there"
                return
            built = self._daemon.build(
                context,
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


def _write_context(
    file: Path, catalogue: Catalogue, runtime: Runtime, settings: BuildSettings
) -> str:
    """Write the runtime's folder and the launcher; returns the hash of the whole."""
    ca = settings.network.ca_bundle
    with tarfile.open(file, "w") as tar:
        for name, path in sorted(_files(catalogue, runtime)):
            _add(tar, name, path)
        if ca:
            _add(tar, "ca.pem", Path(ca))
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _files(catalogue: Catalogue, runtime: Runtime) -> Iterator[tuple[str, Path]]:
    for folder, name in ((runtime.folder, runtime.name), (catalogue.launcher, PROGRAM)):
        for path in folder.rglob("*"):
            inside = path.relative_to(folder).as_posix()
            # an installed catalogue lies inside the launcher
            if path.is_file() and not pack.noise(inside) and not inside.startswith("catalogue/"):
                yield f"{name}/{inside}", path


def _add(tar: tarfile.TarFile, name: str, path: Path) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = path.stat().st_size, 0o755 if path.stat().st_mode & 0o100 else 0o644
    with path.open("rb") as content:
        tar.addfile(info, content)
