"""One system user per function, if the platform is root and that user can read the code.

Otherwise functions run as the user of the platform. This is safe for trusted functions only.
"""

from __future__ import annotations

import logging
import os
import stat
import zlib
from collections.abc import Iterable
from pathlib import Path

from plat_core.model.names import FunctionRef

LOG = logging.getLogger(__name__)


class FunctionUsers:
    """Assigns user ids of `ids` to functions, if the platform is root."""

    def __init__(self, ids: range | None) -> None:
        self._ids = ids if ids and os.geteuid() == 0 else None
        self._assigned: dict[FunctionRef, int] = {}
        self._warned: set[Path] = set()

    @property
    def active(self) -> bool:
        """Whether a replica may run as another user."""
        return self._ids is not None

    def assign(self, ref: FunctionRef, paths: Iterable[Path]) -> int | None:
        """Return the user of a function, or None if it could not read all of `paths`."""
        if self._ids is None:
            return None
        for path in paths:
            barrier = find_barrier(path)
            if barrier is not None:
                self._warn(barrier)
                return None
        if ref not in self._assigned:
            self._assigned[ref] = self._first_free(ref)
        return self._assigned[ref]

    def release(self, ref: FunctionRef) -> None:
        """Free the user of a function that has no replica left."""
        self._assigned.pop(ref, None)

    def _first_free(self, ref: FunctionRef) -> int:
        ids = self._ids or range(1)
        # start at a hash of the name, so that a function tends to keep its user
        first = zlib.crc32(f"{ref.namespace}/{ref.name}".encode()) % len(ids)
        used = set(self._assigned.values())
        order = (ids[(first + step) % len(ids)] for step in range(len(ids)))
        return next((uid for uid in order if uid not in used), ids[first])

    def _warn(self, barrier: Path) -> None:
        if barrier not in self._warned:
            self._warned.add(barrier)
            LOG.warning("functions run as the platform's own user: %s is closed to others", barrier)


def find_barrier(path: Path) -> Path | None:
    """Return the first directory on the way to `path`, or `path`, that other users cannot read."""
    real = path.resolve()
    for step in reversed([real, *real.parents]):
        try:
            mode = step.stat().st_mode
        except OSError:
            return step
        required = stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
        if not mode & required:
            return step
    return None
