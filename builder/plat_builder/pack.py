"""List the source files of a folder and pack them; shared by the CLI and the builder.

Caches, version control, virtual environments and the patterns of `.platignore`, in the format of
`.gitignore`, are left out. The same folder always gives the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from plat_core.errors import InvalidInput, TooLarge

from plat_builder.paths import SourcePaths, check_path
from plat_builder.settings import ArchiveLimits

IGNORE_FILE = ".platignore"
IGNORE_BYTES = 64 * 1024

IGNORED_NAMES = frozenset(
    (
        *("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"),
        *(".venv", "venv", ".tox", ".nox", "node_modules"),
        *(".git", ".hg", ".svn", ".idea", ".plat", IGNORE_FILE),
        *(".DS_Store", "__MACOSX", "Thumbs.db"),
    )
)
"""Names that are never part of a source. Once a folder is packed, its ignore file has done its
work: the patterns of a stranger's archive are not evaluated."""
IGNORED_SUFFIXES = (".pyc", ".pyo")
Ignored = Callable[[str], bool]
MADE_AT = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold; every entry has it."""


@dataclass(frozen=True, slots=True, order=True)
class SourceFile:
    """One file of a source: its path with `/`, whether it is a program, and its size in bytes."""

    path: str
    executable: bool
    size: int

    @property
    def mode(self) -> int:
        """The permissions it is stored with."""
        return 0o755 if self.executable else 0o644


def is_ignored(path: str) -> bool:
    """Whether a relative path is noise wherever it stands."""
    return path.endswith(IGNORED_SUFFIXES) or not IGNORED_NAMES.isdisjoint(path.split("/"))


def list_files(folder: Path, limits: ArchiveLimits) -> tuple[SourceFile, ...]:
    """The source files of `folder`, by path.

    Raises InvalidInput on a link, a device or another thing that is no file, and TooLarge beyond
    the limits.
    """
    ignored = _ignore_rules(folder)
    entries: list[SourceFile] = []
    total = 0
    paths = SourcePaths()
    for entry in _walk(folder, "", ignored, limits.depth):
        check_path(entry.path, limits)
        paths.add(entry.path)
        entries.append(entry)
        total += entry.size
        if len(entries) > limits.files:
            raise TooLarge(f"more than {limits.files} files", fix=_ignore_advice(entry.path))
        if total > limits.unpacked:
            raise TooLarge(f"more than {limits.unpacked} bytes", fix=_ignore_advice(entry.path))
    return tuple(sorted(entries))


def pack_folder(folder: Path, into: BinaryIO, limits: ArchiveLimits | None = None) -> None:
    """Write the source files of `folder` to `into` as a zip: sorted, timeless, modes normalised.

    Raises what `list_files` raises.
    """
    entries = list_files(folder, limits or ArchiveLimits())
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for entry in entries:
            info = zipfile.ZipInfo(entry.path, MADE_AT)
            info.create_system = 3
            info.external_attr = (stat.S_IFREG | entry.mode) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, (folder / entry.path).read_bytes())


def fingerprint(folder: Path, entries: Iterable[SourceFile]) -> Iterator[bytes]:
    """For each file its path, whether it is a program, and the hash of its content."""
    for entry in entries:
        with (folder / entry.path).open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").digest()
        yield f"{entry.path}\0{int(entry.executable)}\0".encode() + content


def _walk(folder: Path, prefix: str, ignored: Ignored, depth: int) -> Iterator[SourceFile]:
    with os.scandir(folder) as found:
        items = sorted(found, key=lambda item: item.name)
    for item in items:
        path = prefix + item.name
        if is_ignored(path):
            continue
        if item.is_dir(follow_symlinks=False):
            if ignored(path + "/"):
                continue
            if depth == 1:
                raise TooLarge(f"{path}: folders are nested too deeply")
            yield from _walk(folder / item.name, path + "/", ignored, depth - 1)
        elif not ignored(path):
            yield _entry(item, path)


def _entry(item: os.DirEntry[str], path: str) -> SourceFile:
    found = item.stat(follow_symlinks=False)
    if not stat.S_ISREG(found.st_mode):
        kind = "a link" if stat.S_ISLNK(found.st_mode) else "no regular file"
        raise InvalidInput(
            f"{path} is {kind}; a function's source has only files and folders",
            field=path,
            fix=f"put a copy in its place, or write {path} into {IGNORE_FILE}",
        )
    return SourceFile(path, bool(found.st_mode & stat.S_IXUSR), found.st_size)


def _ignore_rules(folder: Path) -> Ignored:
    file = folder / IGNORE_FILE
    if file.is_symlink() or not file.is_file():
        return lambda path: False
    # most folders have no such file, and a redeploy has no time for the import
    from pathspec import GitIgnoreSpec

    with file.open("rb") as stream:
        data = stream.read(IGNORE_BYTES + 1)
    if len(data) > IGNORE_BYTES:
        raise TooLarge(f"{IGNORE_FILE} has more than {IGNORE_BYTES} bytes")
    try:
        return GitIgnoreSpec.from_lines(data.decode().splitlines()).match_file
    except ValueError as error:
        raise InvalidInput(f"{IGNORE_FILE}: {error}", field=IGNORE_FILE) from None


def _ignore_advice(path: str) -> str:
    return f"name what is not needed in {IGNORE_FILE}, for example {path.split('/')[0]}/"
