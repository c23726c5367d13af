"""Check the relative paths of a source: each must mean the same file on every machine."""

from __future__ import annotations

import re
import unicodedata

from plat_core.errors import InvalidInput, Malformed

from plat_builder.settings import ArchiveLimits

SEGMENT_BYTES = 255

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DRIVE = re.compile(r"[A-Za-z]:")


def shown(path: str) -> str:
    """Return the path for a message: short, on one line, printable."""
    return ascii(path[:120])[1:-1] if _CONTROL.search(path) else path[:120]


def check_path(path: str, limits: ArchiveLimits) -> None:
    """Raise Malformed or InvalidInput, naming the path, if a source may not contain it."""
    parts = path.split("/")
    if path.startswith("/") or _DRIVE.match(path) or "\\" in path:
        raise _refused(path, "is no relative path with /")
    if _CONTROL.search(path):
        raise _refused(path, "has a control character in its name")
    if any(part in ("", ".", "..") for part in parts):
        raise _refused(path, "leads through an empty part, . or ..")
    if len(parts) > limits.depth:
        raise _refused(path, f"is nested deeper than {limits.depth} folders")
    if len(path.encode()) > limits.path or any(len(p.encode()) > SEGMENT_BYTES for p in parts):
        raise _refused(
            path, f"has a name of more than {limits.path} bytes, or {SEGMENT_BYTES} a part"
        )


def _refused(path: str, why: str) -> InvalidInput:
    return InvalidInput(f"the entry {shown(path)!r} {why}", field=shown(path))


class SourcePaths:
    """The paths of one source; rejects two paths that are one file on some file systems."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, bool]] = {}

    def add(self, path: str, *, folder: bool = False) -> None:
        """Add a path with all its folders.

        Raises Malformed where it stood before, InvalidInput where it differs from another one
        only in case or in Unicode normalisation, or where a file is also a folder.
        """
        parts = path.split("/")
        for count in range(1, len(parts)):
            self._add("/".join(parts[:count]), folder=True)
        is_new = self._add(path, folder=folder)
        if not is_new and not folder:
            raise Malformed(f"the entry {shown(path)!r} stands twice", field=shown(path))

    def _add(self, path: str, *, folder: bool) -> bool:
        """Whether it is a new one."""
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
        if key not in self._known:
            self._known[key] = (path, folder)
            return True
        twin, twin_is_folder = self._known[key]
        if twin != path:
            raise InvalidInput(
                f"{shown(twin)!r} and {shown(path)!r} are the same file on some machines",
                field=shown(path),
                fix="rename one of them",
            )
        if twin_is_folder != folder:
            raise InvalidInput(
                f"the entry {shown(path)!r} is both a file and a folder", field=shown(path)
            )
        return False
