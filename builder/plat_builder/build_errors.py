"""The last event of a build that failed."""

from __future__ import annotations

import errno
from collections.abc import AsyncGenerator
from contextlib import aclosing

from plat_core.errors import BuildFailed, PlatError, Unavailable
from plat_core.fix import Fix
from plat_core.model.build import BuildEvent, Failed
from plat_http.fixes import describe

from plat_builder.installer import disk_full

_FULL = (errno.ENOSPC, errno.EDQUOT)


async def with_failed_event(
    events: AsyncGenerator[BuildEvent, None],
) -> AsyncGenerator[BuildEvent, None]:
    """Yield `events`; an error of the build becomes the last event instead of an exception."""
    try:
        async with aclosing(events):
            async for event in events:
                yield event
    except (PlatError, OSError) as error:
        yield failed_event(error)


def failed_event(error: PlatError | OSError) -> Failed:
    """Return the last event of a build that failed with `error`."""
    if isinstance(error, OSError):
        error = _disk_error(error)
    line, passing = "", False
    if isinstance(error, BuildFailed):
        line, passing = error.line, error.passing
    if not line and error.field.startswith("source."):
        # the field of a resource that names the source is a line of the user's own file
        line = error.field
    return Failed(
        code=error.code, message=error.message, fix=describe(error.fix), line=line, passing=passing
    )


def _disk_error(error: OSError) -> PlatError:
    if error.errno in _FULL:
        return disk_full()
    return Unavailable(
        f"the builder cannot use its files: {error.strerror} ({error.filename})",
        fix=Fix("check-platform"),
    )
