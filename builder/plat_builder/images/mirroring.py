"""Copy base images from another registry, for clusters without Docker."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

from plat_core.errors import Unavailable

from plat_builder.base_images import MACHINE
from plat_builder.images import documents
from plat_builder.images.documents import Blob
from plat_builder.images.image_names import ImageNames
from plat_builder.images.registry import Registry
from plat_builder.runtimes import RuntimeCatalog


async def copy_base_images(
    catalog: RuntimeCatalog, here: tuple[Registry, ImageNames], there: tuple[Registry, ImageNames]
) -> AsyncGenerator[str, None]:
    """Copy every runtime's base image from `there` to `here`; yield lines for the log.

    An image with the tag of this version is not copied again. Raises Unavailable.
    """
    for runtime in catalog.list():
        tag = here[1].version
        target, source = (image_names.runtime(runtime.name) for _, image_names in (here, there))
        if await here[0].digest(target, tag) is not None:
            yield f"{here[1].image(target, tag)} is there"
            continue
        manifest, media_type = await _manifest(there, source, tag)
        await _blobs(manifest, (here[0], target), (there[0], source))
        if not await here[0].put_manifest(target, tag, manifest, media_type):
            raise Unavailable(f"{here[0].url} does not take the manifest of {target}")
        yield f"{here[1].image(target, tag)} is copied from {there[1].image(source, tag)}"


async def _manifest(there: tuple[Registry, ImageNames], source: str, tag: str) -> tuple[bytes, str]:
    """The manifest of the image for machines like this one."""
    registry, image_names = there
    found = await registry.manifest(source, tag)
    if found is not None and found[1] in (documents.INDEX, documents.DOCKER_INDEX):
        chosen = documents.choose(found[0], MACHINE)
        found = await registry.manifest(source, chosen) if chosen else None
    if found is None:
        raise Unavailable(
            f"there is no {image_names.image(source, tag)} for {MACHINE}",
            fix=f"push it: PLAT_REGISTRY={image_names.name} python -m plat_builder runtimes",
        )
    return found


async def _blobs(manifest: bytes, here: tuple[Registry, str], there: tuple[Registry, str]) -> None:
    document = json.loads(manifest)
    for entry in (*document["layers"], document["config"]):
        blob = Blob(entry["digest"], entry["size"])
        if not await here[0].has(here[1], blob.digest):
            await here[0].copy(here[1], blob, there[1], of=there[0])
