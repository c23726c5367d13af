"""Superseded images: those that a revision named and that none names any more.

Only images with this installation's labels are touched, and never one that a container uses. The
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
    """Removes local images that their function has no use for. An image that is new may stay."""

    def __init__(self, engine: Engine, policy: ContainerPolicy) -> None:
        self._engine = engine
        self._policy = policy
        self._kept: dict[FunctionRef, frozenset[str]] = {}
        self._superseded: dict[FunctionRef, set[str]] = {}

    def keep(self, ref: FunctionRef, images: Collection[str]) -> None:
        """These are the images of the function's revisions; none at all where it is gone."""
        before, now = self._kept.get(ref, frozenset()), frozenset(images)
        if before - now:
            self._superseded.setdefault(ref, set()).update(before - now)
        self._kept[ref] = now

    async def collect(self) -> None:
        """Remove what can go now; what a container still uses is tried again at the next call."""
        for ref, superseded in list(self._superseded.items()):
            names = (superseded - self._kept.get(ref, frozenset())) & await self._present(ref)
            for name in sorted(names):
                if await self._engine.remove_image(name):
                    log.info("removed the superseded image %s of %s", name, ref)
                    names.discard(name)
            self._superseded[ref] = names
        self._superseded = {ref: names for ref, names in self._superseded.items() if names}
        self._kept = {ref: images for ref, images in self._kept.items() if images}

    async def _present(self, ref: FunctionRef) -> set[str]:
        labels = owner_labels(self._policy) | {FUNCTION: ref.name, NAMESPACE: ref.namespace}
        found = await self._engine.images(labels)
        return {name for image, names in found.items() for name in (image, *names)}
