"""Removal of superseded images: those that a revision named and that no revision names any more.

It removes only images with the labels of this installation, and none that a container uses. The
registry still has them, so a removal in error costs one pull.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from plat_core.model.names import FunctionRef

from plat_backends.docker.engine import Engine
from plat_backends.docker.spec import ContainerPolicy, owner_labels

log = logging.getLogger(__name__)


class ImageCollector:
    """Removes local images that no function uses any more."""

    def __init__(self, engine: Engine, policy: ContainerPolicy) -> None:
        self._engine = engine
        self._policy = policy
        self._used: dict[FunctionRef, frozenset[str]] = {}
        self._superseded: set[str] = set()

    def set_used(self, ref: FunctionRef, images: Collection[str]) -> None:
        """Set the images of the function's revisions; none if the function was removed."""
        before, now = self._used.get(ref, frozenset()), frozenset(images)
        self._superseded |= before - now
        self._used[ref] = now

    async def collect(self) -> None:
        """Remove superseded images; those still in use are retried at the next call."""
        if not self._superseded:
            return
        used = frozenset().union(*self._used.values())
        left = (self._superseded - used) & await self._present()
        for name in sorted(left):
            if await self._engine.remove_image(name):
                log.info("removed the superseded image %s", name)
                left.discard(name)
        self._superseded = left
        self._used = {ref: images for ref, images in self._used.items() if images}

    async def _present(self) -> set[str]:
        found = await self._engine.images(owner_labels(self._policy))
        return {name for image, names in found.items() for name in (image, *names)}
