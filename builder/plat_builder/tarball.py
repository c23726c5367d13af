"""Safe unpacking of tar.gz, with the same checks for each member as for zips.

The stream is unpacked to a file first, within bounds, so that no member's size has to be believed.
Of tarfile only the reading of headers is used.
"""

from __future__ import annotations

import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from plat_core.errors import InvalidInput, Malformed, TooLarge

from plat_builder.archive import CHUNK, UnpackingCancelled, new_folder, unwrapped
from plat_builder.pack import is_ignored
from plat_builder.paths import SourcePaths, check_path
from plat_builder.settings import MIB, ArchiveLimits

GZIP = 16 + zlib.MAX_WBITS
HEADER_BYTES = MIB
"""The most that a header of tar may take, which is read whole into memory."""
BLOCK = 512


def unpack_tarball(
    file: BinaryIO, into: Path, limits: ArchiveLimits, *, stopped: Callable[[], bool]
) -> None:
    """Unpack the tar.gz `file` to the new folder `into`, which appears whole or not at all.

    The same may be and may not be in it as in a zip: see `archive.unpack_zip`.
    """
    with tempfile.TemporaryFile(dir=into.parent) as plain, new_folder(into) as folder:
        _gunzip(file, plain, limits, stopped)
        plain.seek(0)
        with _sound(), tarfile.open(fileobj=cast("BinaryIO", _Bounded(plain)), mode="r:") as tar:
            members = _checked(tar, limits)
            for path, member in members.items():
                _write(tar, member, folder / path, stopped)


@contextmanager
def _sound() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise Malformed(
            f"not a sound tar: {str(error)[:200]}", fix="make the archive again"
        ) from None


def _gunzip(
    packed: BinaryIO, plain: BinaryIO, limits: ArchiveLimits, stopped: Callable[[], bool]
) -> None:
    """Write what is in the gzip to `plain`; raises TooLarge, Malformed."""
    inside = zlib.decompressobj(GZIP)
    read = written = 0
    # each member has a header beside its content
    most = limits.unpacked + 4 * BLOCK * limits.files
    while data := packed.read(CHUNK):
        read += len(data)
        while data:
            if stopped():
                raise UnpackingCancelled("unpacking was called off")
            try:
                piece = inside.decompress(data, CHUNK)
            except zlib.error as error:
                raise Malformed(f"not a sound gzip: {error}", fix="make it again") from None
            data = inside.unconsumed_tail
            written += plain.write(piece)
            if written > most:
                raise TooLarge(f"the archive unpacks to more than {limits.unpacked // MIB} MiB")
            if written > MIB and written > limits.ratio * read:
                raise TooLarge(f"the archive grows more than {limits.ratio} times")
    if not inside.eof:
        raise Malformed("only the first part of a gzip", fix="send it whole")


class _Bounded:
    """A file of which nobody reads much at once: an extended header is as long as it claims."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """Read `size` bytes; raises Malformed where they are too many."""
        if not 0 <= size <= HEADER_BYTES:
            raise Malformed("a header of the tar is too long")
        return self._file.read(size)


def _checked(tar: tarfile.TarFile, limits: ArchiveLimits) -> dict[str, tarfile.TarInfo]:
    """The members to unpack, by the path they get."""
    paths, members, total = SourcePaths(), dict[str, tarfile.TarInfo](), 0
    for count, member in enumerate(tar):
        if count > 2 * limits.files:
            raise TooLarge(f"the archive has more than {limits.files} files")
        path = member.name.removeprefix("./").removesuffix("/")
        if path in ("", "."):
            continue
        check_path(path, limits)
        paths.add(path, folder=member.isdir())
        if not (member.isreg() or member.isdir()) or member.issparse():
            what = "a link" if member.issym() or member.islnk() else "no regular file"
            raise InvalidInput(f"the entry {path!r} is {what}", field=path, fix="pack a copy of it")
        if member.isdir() or is_ignored(path):
            continue
        total += member.size
        if total > limits.unpacked or len(members) >= limits.files:
            raise TooLarge(f"the archive is too large, at {path!r}", field=path)
        members[path] = member
    if not members:
        raise InvalidInput("the archive has no files in it")
    return unwrapped(members)


def _write(
    tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, stopped: Callable[[], bool]
) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source = tar.extractfile(member)
    if source is None:
        raise Malformed(f"the entry {member.name!r} has no content")
    left = member.size
    with source, target.open("xb") as sink:
        while left and (piece := source.read(min(CHUNK, left))):
            if stopped():
                raise UnpackingCancelled("unpacking was called off")
            left -= sink.write(piece)
    if left:
        raise Malformed(f"the entry {member.name!r} is not as long as it says")
    target.chmod(0o755 if member.mode & 0o100 else 0o644)
