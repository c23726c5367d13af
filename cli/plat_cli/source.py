"""What is deployed: a folder, a zip or one Python file, read into the bytes of an upload.

`function.json` is decoded here and judged by the platform, which names every guilty field: the
model takes longer to import than a redeploy may last.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plat_core.errors import InvalidInput, Malformed, PlatError, TooLarge
from plat_core.model import strictjson
from plat_core.model.refs import check_name, similar_name

MANIFEST = "function.json"
UPLOAD_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SourceUpload:
    """The upload, and what its `function.json` says; `name` is the one to deploy under."""

    path: Path
    body: bytes
    media_type: str
    files: int
    name: str
    settings: dict[str, Any]


def load(path: Path) -> SourceUpload:
    """Read a source; raises InvalidInput, Malformed or TooLarge, each naming the file."""
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise InvalidInput(f"there is no {path}", fix=f"plat init {path}")
    if path.stat().st_size > UPLOAD_BYTES:
        raise TooLarge(f"{path} has more than {UPLOAD_BYTES} bytes")
    if path.suffix == ".py":
        return SourceUpload(path, path.read_bytes(), "text/x-python", 1, name_after(path.stem), {})
    if path.suffix == ".zip":
        return _archive(path)
    raise InvalidInput(
        f"{path} is no source", fix="deploy a folder, a .zip or one .py file", field="PATH"
    )


def name_after(text: str) -> str:
    """A function's name made of a folder's: lower case, what is not allowed becomes '-'."""
    try:
        return check_name(similar_name(text))
    except ValueError as error:
        raise InvalidInput(f"no name can be made of {text!r}: {error}", field="name") from error


def manifest_of(folder: Path) -> dict[str, Any]:
    """What the folder's `function.json` says; empty where there is none."""
    file = folder / MANIFEST
    return decode_manifest(file.read_bytes(), file) if file.is_file() else {}


def decode_manifest(data: bytes, file: Path) -> dict[str, Any]:
    """Decode a `function.json`; raises Malformed or TooLarge with the file's name."""
    try:
        document = strictjson.loads(data)
    except PlatError as error:
        error.message = f"{file}: {error.message}"
        error.fix = error.fix or f"correct {file}"
        raise
    if not isinstance(document, dict):
        raise Malformed(f"{file} is one JSON object: {{...}}", fix=f"correct {file}")
    return document


def _folder(path: Path) -> SourceUpload:
    from plat_builder.pack import pack_folder

    settings = manifest_of(path)
    buffer = io.BytesIO()
    pack_folder(path, buffer)
    with zipfile.ZipFile(buffer) as packed:
        files = len(packed.infolist())
    if not files:
        raise InvalidInput(f"{path} has no files to deploy", fix=f"plat init {path}")
    name = settings.pop("name", None) or name_after(path.absolute().name)
    return SourceUpload(path, buffer.getvalue(), "application/zip", files, name, settings)


def _archive(path: Path) -> SourceUpload:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            settings = _archived_manifest(archive, members, path)
    except zipfile.BadZipFile as error:
        raise Malformed(
            f"{path} is not a whole zip archive: {error}", fix="make it again: zip -r app.zip ."
        ) from error
    name = settings.pop("name", None) or name_after(path.stem)
    return SourceUpload(path, path.read_bytes(), "application/zip", len(members), name, settings)


def _archived_manifest(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], path: Path
) -> dict[str, Any]:
    found = next((info for info in members if info.filename == MANIFEST), None)
    if found is None:
        return {}
    with archive.open(found) as stream:
        return decode_manifest(stream.read(strictjson.MAX_BYTES + 1), path / MANIFEST)
