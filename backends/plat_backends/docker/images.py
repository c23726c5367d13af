"""Superseded images: those that a revision named and that none names any more.

Only images with this installation's labels are touched, and never one that a container uses. The
registry has them still, so that a wrong guess costs a pull.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from plat_core.model.names import FunctionRef

from plat_backends.docker.engine import Engine
from plat_backends.docker.spec import ContainerPolicy, owner_labels

log = logging.getLogger(__name__)


class ImageCollector:
    """Removes local images that no function has a use for. An image that is new may stay."""

    def __init__(self, engine: Engine, policy: ContainerPolicy) -> None:
        self._engine = engine
        self._policy = policy
        self._kept: dict[FunctionRef, frozenset[str]] = {}
        self._superseded: set[str] = set()

    def keep(self, ref: FunctionRef, images: Collection[str]) -> None:
        """These are the images of the function's revisions; none at all where it is gone."""
        before, now = self._kept.get(ref, frozenset()), frozenset(images)
        self._superseded |= before - now
        self._kept[ref] = now

    async def collect(self) -> None:
        """Remove what can go now; what a container still uses is tried again at the next call."""
        if not self._superseded:
            return
        kept = frozenset().union(*self._kept.values())
        left = (self._superseded - kept) & await self._present()
        for name in sorted(left):
            if await self._engine.remove_image(name):
                log.info("removed the superseded image %s", name)
                left.discard(name)
        self._superseded = left
        self._kept = {ref: images for ref, images in self._kept.items() if images}

    async def _present(self) -> set[str]:
        found = await self._engine.images(owner_labels(self._policy))
        return {name for image, names in found.items() for name in (image, *names)}
