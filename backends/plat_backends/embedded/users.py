"""A user of its own for each function, where the platform is root and that user can reach the code.

Without it a function runs as the user of the platform: good for one's own functions, not for those
of strangers.
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


class Users:
    """Hands out user ids of `ids`; none at all where there are none or we are not root."""

    def __init__(self, ids: range | None) -> None:
        self._ids = ids if ids and os.geteuid() == 0 else None
        self._taken: dict[FunctionRef, int] = {}
        self._told: set[Path] = set()

    @property
    def active(self) -> bool:
        """Whether a replica may run as another user."""
        return self._ids is not None

    def pick(self, ref: FunctionRef, paths: Iterable[Path]) -> int | None:
        """The user of a function; None where it could not read all of `paths`."""
        if self._ids is None:
            return None
        for path in paths:
            barrier = closed(path)
            if barrier is not None:
                self._tell(barrier)
                return None
        if ref not in self._taken:
            self._taken[ref] = self._free(ref)
        return self._taken[ref]

    def release(self, ref: FunctionRef) -> None:
        """The function has no replica any more."""
        self._taken.pop(ref, None)

    def _free(self, ref: FunctionRef) -> int:
        ids = self._ids or range(1)
        first = zlib.crc32(f"{ref.namespace}/{ref.name}".encode()) % len(ids)
        taken = set(self._taken.values())
        order = (ids[(first + step) % len(ids)] for step in range(len(ids)))
        return next((uid for uid in order if uid not in taken), ids[first])

    def _tell(self, barrier: Path) -> None:
        if barrier not in self._told:
            self._told.add(barrier)
            LOG.warning("functions run as the platform's own user: %s is closed to others", barrier)


def closed(path: Path) -> Path | None:
    """The first directory on the way to `path`, or `path` itself, that others may not pass."""
    real = path.resolve()
    for step in reversed([real, *real.parents]):
        try:
            mode = step.stat().st_mode
        except OSError:
            return step
        wanted = stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
        if not mode & wanted:
            return step
    return None
