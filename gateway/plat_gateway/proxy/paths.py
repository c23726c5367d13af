"""Split a request's target into function and path, on the raw bytes.

The name is checked on the raw segment. Nothing is decoded or normalised first, so no spelling of a
path reaches a different route. The rest belongs to the function and passes unchanged.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from plat_core.errors import Malformed
from plat_core.model.names import NAME_RULE, FunctionRef

PREFIX: Final = b"/function/"
_PLAIN = re.compile(
    rb"/function/([a-z0-9.-]+)((?>(?:/[A-Za-z0-9_~!$&'()*+,=:@-][^/%\\?;#]*+)*)/?)(\?.*)?"
)


@lru_cache(maxsize=512)
def function_path(target: bytes) -> tuple[str, bytes]:
    """Return the raw segment of a target under `PREFIX`, and the path for the function.

    The segment is not validated. Raises Malformed if dot segments, in any spelling, lead out of the
    function's path.
    """
    if match := _PLAIN.fullmatch(target):
        segment, path, query = match.groups()
        return segment.decode(), (path or b"/") + (query or b"")
    path, mark, query = target.partition(b"?")
    segment, _, rest = path[len(PREFIX) :].partition(b"/")
    if leaves(rest):
        raise Malformed("The path leads out of the function.", fix="Send the path it leads to.")
    return segment.decode("latin-1"), b"/" + rest + mark + query


def check_segment(segment: str) -> None:
    """Raise Malformed if the segment is not `name[.namespace]`."""
    try:
        FunctionRef.from_segment(segment)
    except ValueError:
        raise Malformed(
            f"The path's segment after /function/ is not name[.namespace]: {NAME_RULE}."
        ) from None


def check_path(target: bytes) -> None:
    """Raise Malformed for dot segments outside `/function/`.

    Routing and authorisation must see the same path.
    """
    path = target.partition(b"?")[0]
    if b"." not in path and b"%" not in path and b"\\" not in path:
        return
    decoded = _decoded(path)
    if any(part in (b".", b"..") for part in decoded.split(b"/")) or b"\0" in decoded:
        raise Malformed(
            "The path has '.' or '..' segments, or a NUL.", fix="Send the path it leads to."
        )


def leaves(path: bytes) -> bool:
    """Return whether dot segments, in any spelling, lead above the start of `path`."""
    depth = 0
    for part in _decoded(path).split(b"/"):
        if part == b"..":
            depth -= 1
            if depth < 0:
                return True
        # empty segments add no depth, because some servers merge slashes
        elif part not in (b"", b"."):
            depth += 1
    return False


def _decoded(path: bytes) -> bytes:
    """Return the path as the most lenient server could read it."""
    plain = unquote_to_bytes(path).replace(b"\\", b"/")
    # some servers strip parameters from a segment and read `..;x` as `..`
    return re.sub(rb";[^/]*", b"", plain)
