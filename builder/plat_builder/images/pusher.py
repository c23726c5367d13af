"""Push an image: first the blobs that the registry lacks, then the manifest.

Blobs known to be in a repository are cached. A registry rejects a manifest with missing blobs, so
a stale cache (after garbage collection) costs a second attempt, never a broken image.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from plat_core.errors import Unavailable

from plat_builder.images import documents
from plat_builder.images.documents import BaseImage, Blob, ImageAddition
from plat_builder.images.registry import Registry

SMALL = 64 * 1024
"""Bytes below which a blob is sent without asking whether it is there."""
REMEMBERED = 50_000

Content = bytes | Path


class ImagePusher:
    """Pushes images to one registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._seen: set[tuple[str, str]] = set()

    async def publish(
        self,
        repository: str,
        tag: str,
        base: BaseImage,
        addition: ImageAddition,
        *,
        contents: Mapping[str, Content],
        sources: Mapping[str, str],
    ) -> str:
        """Have the image of `base` with `addition` under `tag`; returns its digest.

        `contents` are blobs that may have to be sent, `sources` the repositories that have the
        other ones, both by digest. Raises Unavailable.
        """
        config = documents.config(base, addition)
        configuration = Blob(documents.digest_of(config), len(config))
        manifest = documents.manifest(base, addition, configuration)
        blobs = [*base.layers, *(layer.blob for layer, _ in addition.layers), configuration]
        everything: dict[str, Content] = dict(contents)
        everything[configuration.digest] = config
        for _ in range(2):
            await self._have(repository, blobs, everything, sources)
            if await self._registry.put_manifest(repository, tag, manifest):
                return documents.digest_of(manifest)
            self._seen = {seen for seen in self._seen if seen[0] != repository}
        raise Unavailable(
            f"the registry {self._registry.url} loses what it is given: blobs of {repository}",
            fix="is its garbage collection running? Deploy again after it",
        )

    async def keep(self, repository: str, tag: str, layer: documents.Layer, file: Path) -> None:
        """Store one layer under a tag, to be found again by `kept`."""
        empty = Blob(documents.digest_of(b"{}"), 2)
        contents: dict[str, Content] = {empty.digest: b"{}", layer.blob.digest: file}
        await self._have(repository, [empty, layer.blob], contents, {})
        manifest = documents.layer_manifest(layer, empty)
        await self._registry.put_manifest(repository, tag, manifest)

    async def kept(self, repository: str, tag: str) -> documents.Layer | None:
        """The layer that is stored under a tag, if there is one."""
        found = await self._registry.manifest(repository, tag)
        return documents.read_layer_manifest(found[0]) if found else None

    async def _have(
        self,
        repository: str,
        blobs: Sequence[Blob],
        contents: Mapping[str, Content],
        sources: Mapping[str, str],
    ) -> None:
        if len(self._seen) > REMEMBERED:
            self._seen.clear()
        wanted = {blob for blob in blobs if (repository, blob.digest) not in self._seen}
        try:
            async with asyncio.TaskGroup() as group:
                for blob in wanted:
                    content, source = contents.get(blob.digest), sources.get(blob.digest)
                    group.create_task(self._bring(repository, blob, content, source))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        self._seen |= {(repository, blob.digest) for blob in wanted}

    async def _bring(
        self, repository: str, blob: Blob, content: Content | None, source: str | None
    ) -> None:
        registry = self._registry
        if (content is None or blob.size > SMALL) and await registry.has(repository, blob.digest):
            return
        if source is not None and await registry.mount(repository, blob.digest, source):
            return
        if content is not None:
            await registry.upload(repository, blob, content)
        elif source is not None:
            await registry.copy(repository, blob, source)
