"""Safe unpacking of uploads: files stay inside one folder, which appears complete or not at all.

Members are checked before the first byte is written, and their real sizes are counted while they
are written, because the headers of an archive may lie. Nothing here executes or imports anything.
"""

from __future__ import annotations

import errno
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from plat_core.errors import InvalidInput, Malformed, PlatError, TooLarge

from plat_builder.pack import is_ignored
from plat_builder.paths import SourcePaths, check_path, shown
from plat_builder.settings import MIB, ArchiveLimits

CHUNK = 64 * 1024
DIRECTORY_BYTES = 16 * MIB
"""Maximum size of an archive's directory, which is read into memory."""
M = TypeVar("M")
MAIN_FILE = "app.py"
"""Where the text of a one-file function goes."""

_END_BYTES = 22 + 20 + 56 + 65_535
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OverflowError)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class UnpackingCancelled(PlatError):
    """Unpacking was cancelled."""


def _never() -> bool:
    return False


def unpack_zip(
    file: BinaryIO, into: Path, limits: ArchiveLimits, *, stopped: Callable[[], bool] = _never
) -> None:
    """Unpack the zip `file` to the new folder `into`, which appears complete or not at all.

    Ignored files are skipped, and a single top-level folder is removed from all paths. Raises
    UnpackingCancelled once `stopped` returns True, Malformed for a broken zip, InvalidInput for a
    forbidden member, and TooLarge beyond `limits`; each error names the entry.
    """
    with new_folder(into) as folder, _sound():
        _check_directory(file, limits)
        with zipfile.ZipFile(file) as archive:
            members = _checked(archive.infolist(), limits)
            _unpack(archive, members, folder, limits, stopped)


@contextmanager
def _sound() -> Iterator[None]:
    """Turn the many exceptions of zipfile for a broken archive into Malformed."""
    try:
        yield
    except (NotImplementedError, RuntimeError) as error:
        raise Malformed(f"a zip of an unknown kind: {str(error)[:200]}") from None
    except (*_BROKEN, OSError) as error:
        # a seek to an offset that the archive made up; a full disk is another thing
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise Malformed(
            f"not a sound zip: {str(error)[:200]}", fix="make the archive again, and send it whole"
        ) from None


def write_one_file(text: str | bytes, into: Path, limits: ArchiveLimits | None = None) -> None:
    """Make the new folder `into` with the one-file function `text` as its app.py."""
    data = text.encode() if isinstance(text, str) else text
    if len(data) > (limits or ArchiveLimits()).unpacked:
        raise TooLarge("the file is too large", field=MAIN_FILE)
    if not data.strip():
        raise InvalidInput("the file is empty", field=MAIN_FILE)
    with new_folder(into) as folder:
        (folder / MAIN_FILE).write_bytes(data)


def write_inline(files: Mapping[str, str], into: Path, limits: ArchiveLimits | None = None) -> None:
    """Make the new folder `into` of `{path: text}`; the same paths are refused as in a zip."""
    bounds = limits or ArchiveLimits()
    paths = SourcePaths()
    with new_folder(into) as folder:
        if len(files) > bounds.files or sum(map(len, files.values())) > bounds.unpacked:
            raise TooLarge("the inline source is too large")
        for path, text in files.items():
            check_path(path, bounds)
            paths.add(path)
            if is_ignored(path):
                continue
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                target.write_bytes(text.encode())
            except UnicodeEncodeError:
                raise InvalidInput(f"{path} is not Unicode text", field=path) from None


@contextmanager
def new_folder(into: Path) -> Iterator[Path]:
    """A temporary folder that is renamed to `into` at the end, or removed after an error."""
    into.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{into.name}-", dir=into.parent))
    try:
        yield folder
        folder.chmod(0o755)
        folder.rename(into)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check_directory(file: BinaryIO, limits: ArchiveLimits) -> None:
    """Bound the table of contents before zipfile reads it. Source: PKWARE's APPNOTE 4.3.14-16."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES))
    tail = file.read()
    found = tail.rfind(b"PK\x05\x06")
    if found < 0:
        raise Malformed("not a zip, or only the first part of one", fix="send the file again")
    entries, directory = struct.unpack("<HI", tail[found + 10 : found + 16])
    wide = tail.rfind(b"PK\x06\x06")
    if wide >= 0:
        entries, directory = struct.unpack("<QQ", tail[wide + 32 : wide + 48])
    if entries > 20 * limits.files or directory > DIRECTORY_BYTES:
        raise TooLarge(f"the archive has {entries} entries; at most {limits.files} are taken")
    file.seek(0)


def _checked(infos: list[zipfile.ZipInfo], limits: ArchiveLimits) -> dict[str, zipfile.ZipInfo]:
    """The members to unpack, by the path they get."""
    paths = SourcePaths()
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        path = info.orig_filename.removesuffix("/")
        check_path(path, limits)
        paths.add(path, folder=info.is_dir())
        _check_kind(info, path)
        if not info.is_dir() and not is_ignored(path):
            members[path] = info
    if not members:
        raise InvalidInput("the archive has no files in it")
    if len(members) > limits.files:
        raise TooLarge(f"the archive has more than {limits.files} files")
    _check_sizes(members, limits)
    return unwrapped(members)


def _check_kind(info: zipfile.ZipInfo, path: str) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or (kind == stat.S_IFDIR) > info.is_dir():
        what = "a link" if kind == stat.S_IFLNK else "no regular file"
        raise InvalidInput(f"the entry {path!r} is {what}", field=path, fix="pack a copy of it")
    if info.flag_bits & 0x1:
        raise InvalidInput(f"the entry {path!r} is encrypted", field=path)
    if info.compress_type not in _METHODS:
        raise InvalidInput(
            f"the entry {path!r} is packed with method {info.compress_type}",
            field=path,
            fix="pack with the usual one, deflate",
        )


def _check_sizes(members: Mapping[str, zipfile.ZipInfo], limits: ArchiveLimits) -> None:
    total = 0
    for path, info in members.items():
        total += info.file_size
        if total > limits.unpacked:
            raise _too_large(path, limits)
        _check_ratio(path, info.file_size, info.compress_size, limits)


def _check_ratio(path: str, unpacked: int, packed: int, limits: ArchiveLimits) -> None:
    if unpacked > MIB and unpacked > limits.ratio * packed:
        raise TooLarge(
            f"the entry {path!r} grows more than {limits.ratio} times when it is unpacked",
            field=path,
        )


def _too_large(path: str, limits: ArchiveLimits) -> TooLarge:
    return TooLarge(
        f"the archive unpacks to more than {limits.unpacked // MIB} MiB, at {shown(path)!r}",
        field=path,
    )


def unwrapped(members: dict[str, M]) -> dict[str, M]:
    """Take off the one folder round everything that file managers make, unless it is a package."""
    tops = {path.split("/", 1)[0] for path in members}
    top = next(iter(tops))
    if len(tops) > 1 or top in members or f"{top}/__init__.py" in members:
        return members
    return {path.removeprefix(f"{top}/"): info for path, info in members.items()}


def _unpack(
    archive: zipfile.ZipFile,
    members: Mapping[str, zipfile.ZipInfo],
    folder: Path,
    limits: ArchiveLimits,
    stopped: Callable[[], bool],
) -> None:
    room = limits.unpacked
    for path, info in members.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as source, target.open("xb") as sink:
            written = 0
            while chunk := source.read(CHUNK):
                if stopped():
                    raise UnpackingCancelled("unpacking was cancelled")
                written += len(chunk)
                if written > room:
                    raise _too_large(path, limits)
                _check_ratio(path, written, info.compress_size, limits)
                sink.write(chunk)
        if written != info.file_size:
            raise Malformed(f"the entry {path!r} is not as long as it says", field=path)
        room -= written
        target.chmod(0o755 if (info.external_attr >> 16) & stat.S_IXUSR else 0o644)
