"""Superseded images: those that a build made for a function and that none of its revisions names.

Only images with this installation's labels are touched, and never one that a container uses; the
registry has them still, so that a wrong guess costs a pull.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from plat_core.backends.docker.engine import Engine
from plat_core.backends.docker.spec import FUNCTION, NAMESPACE, ContainerPolicy, owner_labels
from plat_core.model.names import FunctionRef

log = logging.getLogger(__name__)


class ImageCollector:
    """Removes local images of functions whose set of images, or of replicas, became smaller."""

    def __init__(self, engine: Engine, policy: ContainerPolicy) -> None:
        self._engine = engine
        self._policy = policy
        self._kept: dict[FunctionRef, Collection[str]] = {}
        self._due: set[FunctionRef] = set()

    def keep(self, ref: FunctionRef, images: Collection[str]) -> None:
        """These are the images of the function's revisions; others may go at the next `collect`."""
        before = self._kept.get(ref)
        self._kept[ref] = images
        if before is None or set(before) - set(images) or not images:
            self._due.add(ref)

    def look_again(self, ref: FunctionRef) -> None:
        """A replica is gone, and may have been the last one of its image."""
        self._due.add(ref)

    async def collect(self) -> None:
        """Remove what is due; raises Unavailable, and then goes on at the next call."""
        while self._due:
            ref = self._due.pop()
            try:
                await self._collect(ref)
            except BaseException:
                self._due.add(ref)
                raise

    async def _collect(self, ref: FunctionRef) -> None:
        kept = self._kept.get(ref, ())
        labels = owner_labels(self._policy) | {FUNCTION: ref.name, NAMESPACE: ref.namespace}
        for image, names in (await self._engine.images(labels)).items():
            if kept_name(image, names, kept):
                continue
            for name in names or [image]:
                if await self._engine.remove_image(name):
                    log.info("removed the superseded image %s of %s", name, ref)
        if not kept:
            self._kept.pop(ref, None)


def kept_name(image: str, names: Collection[str], kept: Collection[str]) -> bool:
    """Whether one of the image's names, or its id, is among the kept ones."""
    return image in kept or any(name in kept for name in names)
