"""Which function a request's target means, decided on the raw bytes.

The name is checked on the raw segment: nothing is decoded or normalised first, so that no spelling
of a path reaches another route than the one it shows. What follows the name belongs to the
function and is passed on unchanged.
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
    """Split a target that begins with `PREFIX`: the raw segment, and what the function is to see.

    The segment is not checked yet. Raises Malformed where dot segments of the path, in any
    spelling, would lead out of the function.
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
    """Raise Malformed where the segment is not `name[.namespace]`."""
    try:
        FunctionRef.from_segment(segment)
    except ValueError:
        raise Malformed(
            f"The path's segment after /function/ is not name[.namespace]: {NAME_RULE}."
        ) from None


def check_path(target: bytes) -> None:
    """Refuse dot segments outside `/function/`: routing and authorisation see one path.

    Raises Malformed.
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
    """Whether dot segments lead above the start of `path`, however they are spelt."""
    depth = 0
    for part in _decoded(path).split(b"/"):
        if part == b"..":
            depth -= 1
            if depth < 0:
                return True
        # empty segments are no depth, because some servers merge slashes
        elif part not in (b"", b"."):
            depth += 1
    return False


def _decoded(path: bytes) -> bytes:
    """The path as the most generous of servers might read it."""
    plain = unquote_to_bytes(path).replace(b"\\", b"/")
    # some servers cut parameters off a segment: `..;x` is `..` to them
    return re.sub(rb";[^/]*", b"", plain)
