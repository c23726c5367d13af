"""Write layers: a sorted tar without times and owners, compressed and hashed in one pass.

The same files always give the same bytes. zlib's level 1: a third of
the time of level 6, for an eighth more bytes.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from plat_builder.images.documents import Blob, Layer

LEVEL = 1
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True, order=True)
class LayerFile:
    """One file of a layer: its path in the image, without a leading slash, and where it is now."""

    path: str
    file: Path
    executable: bool = False


def members(folder: Path, prefix: str) -> Iterator[LayerFile]:
    """All regular files below `folder`, with paths below `prefix`. Links are skipped."""
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place, name)
            if file.is_file() and not file.is_symlink():
                path = f"{prefix}/{file.relative_to(folder).as_posix()}"
                yield LayerFile(path, file, bool(file.stat().st_mode & 0o100))


def write_layer(found: Iterable[LayerFile], into: BinaryIO) -> Layer:
    """Write a layer of these files to `into`; all are readable and none is writable."""
    compressed = _Compressed(into)
    stream = cast(BinaryIO, compressed)  # of a file, tarfile uses no more than it has
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        folders: set[str] = set()
        for member in sorted(found):
            _add_folders(tar, member.path, folders)
            info = tarfile.TarInfo(member.path)
            info.mode = 0o555 if member.executable else 0o444
            with member.file.open("rb") as content:
                info.size = os.fstat(content.fileno()).st_size
                tar.addfile(info, content)
    return compressed.finish()


def _add_folders(tar: tarfile.TarFile, path: str, known: set[str]) -> None:
    parts = path.split("/")[:-1]
    for count in range(1, len(parts) + 1):
        folder = "/".join(parts[:count])
        if folder not in known:
            known.add(folder)
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)


class _Compressed:
    """A file for `tarfile`: hashes what comes, compresses it, hashes that, and writes it on."""

    def __init__(self, into: BinaryIO) -> None:
        self._into = into
        self._outside, self._inside = hashlib.sha256(), hashlib.sha256()
        self._zip = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP)
        self._taken = self._size = 0

    def tell(self) -> int:
        return self._taken

    def write(self, data: bytes) -> int:
        self._taken += len(data)
        self._inside.update(data)
        self._emit(self._zip.compress(data))
        return len(data)

    def finish(self) -> Layer:
        self._emit(self._zip.flush())
        blob = Blob(f"sha256:{self._outside.hexdigest()}", self._size)
        return Layer(blob, f"sha256:{self._inside.hexdigest()}")

    def _emit(self, data: bytes) -> None:
        self._outside.update(data)
        self._size += len(data)
        self._into.write(data)
