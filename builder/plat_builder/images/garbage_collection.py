"""Garbage collection in a registry: removes unused images of functions, then unused layers.

Only images with the tag of a source and stored layers of packages are considered. Images that were
pushed by hand and base images stay. The registry's own garbage collection frees the bytes later.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from plat_builder.images import documents
from plat_builder.images.image_names import SOURCE_PREFIX, ImageNames
from plat_builder.images.registry import Registry


@dataclass(frozen=True, slots=True)
class RemovedImages:
    """What was removed, or would be: `repository@digest` each."""

    images: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()


async def collect(
    registry: Registry, image_names: ImageNames, keep: Collection[str], *, dry_run: bool = False
) -> RemovedImages:
    """Remove images whose digest (`sha256:…`) is not in `keep`, and layers that none has.

    A second call removes nothing. Raises Unavailable; what was removed until then stays removed.
    """
    images: list[str] = []
    needed: set[str] = set()
    for repository in await registry.repositories():
        if not image_names.is_function(repository):
            continue
        for digest in await _sources(registry, repository):
            if digest in keep:
                needed |= await _blobs(registry, repository, digest)
            else:
                images.append(f"{repository}@{digest}")
                if not dry_run:
                    await registry.delete_manifest(repository, digest)
    return RemovedImages(tuple(images), await _layers(registry, image_names, needed, dry_run))


async def _sources(registry: Registry, repository: str) -> list[str]:
    """The images of a repository that a builder made."""
    tags = [tag for tag in await registry.tags(repository) if tag.startswith(SOURCE_PREFIX)]
    found = [await registry.digest(repository, tag) for tag in tags]
    return sorted({digest for digest in found if digest})


async def _blobs(registry: Registry, repository: str, digest: str) -> set[str]:
    found = await registry.manifest(repository, digest)
    return set(documents.blobs_of(found[0])) if found else set()


async def _layers(
    registry: Registry, image_names: ImageNames, needed: set[str], dry_run: bool
) -> tuple[str, ...]:
    removed = []
    for tag in await registry.tags(image_names.packages):
        found = await registry.manifest(image_names.packages, tag)
        if found is None or documents.read_layer_manifest(found[0]).blob.digest in needed:
            continue
        digest = documents.digest_of(found[0])
        removed.append(f"{image_names.packages}@{digest}")
        if not dry_run:
            await registry.delete_manifest(image_names.packages, digest)
    return tuple(sorted(removed))
