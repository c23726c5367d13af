"""The last event of a build that has no artifact."""

from __future__ import annotations

import errno

from plat_core.errors import BuildFailed, PlatError, Unavailable
from plat_core.fix import Fix
from plat_core.model.build import Failed
from plat_http.fixes import describe

from plat_builder.installer import disk_full

_FULL = (errno.ENOSPC, errno.EDQUOT)


def failed(error: PlatError | OSError) -> Failed:
    """What a consumer is told about `error`."""
    if isinstance(error, OSError):
        error = _of_disk(error)
    line, passing = "", False
    if isinstance(error, BuildFailed):
        line, passing = error.line, error.passing
    if not line and error.field.startswith("source."):
        # where the source is said to be is the user's own line, too
        line = error.field
    return Failed(
        code=error.code, message=error.message, fix=describe(error.fix), line=line, passing=passing
    )


def _of_disk(error: OSError) -> PlatError:
    if error.errno in _FULL:
        return disk_full()
    return Unavailable(
        f"the builder cannot use its files: {error.strerror} ({error.filename})",
        fix=Fix("check-platform"),
    )
