"""Reads a folder, a zip or one Python file into an upload.

`function.json` is parsed here and validated by the platform: importing the model here would take
longer than a whole redeploy.
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
    """An upload with the settings of its `function.json` and the name to deploy it under."""

    path: Path
    body: bytes
    media_type: str
    files: int
    name: str
    settings: dict[str, Any]


def load(path: Path) -> SourceUpload:
    """Read a source. Raises InvalidInput, Malformed or TooLarge with the name of the file."""
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise InvalidInput(f"{path} does not exist", fix=f"plat init {path}")
    if path.stat().st_size > UPLOAD_BYTES:
        raise TooLarge(f"{path} has more than {UPLOAD_BYTES} bytes")
    if path.suffix == ".py":
        return SourceUpload(path, path.read_bytes(), "text/x-python", 1, name_after(path.stem), {})
    if path.suffix == ".zip":
        return _archive(path)
    raise InvalidInput(
        f"{path} cannot be deployed", fix="deploy a folder, a .zip or one .py file", field="PATH"
    )


def name_after(text: str) -> str:
    """Derive a function name from a folder name: lower case, with '-' for other characters."""
    try:
        return check_name(similar_name(text))
    except ValueError as error:
        raise InvalidInput(f"cannot derive a name from {text!r}: {error}", field="name") from error


def manifest_of(folder: Path) -> dict[str, Any]:
    """Return the contents of the `function.json` of a folder, empty if there is none."""
    file = folder / MANIFEST
    return decode_manifest(file.read_bytes(), file) if file.is_file() else {}


def decode_manifest(data: bytes, file: Path) -> dict[str, Any]:
    """Parse a `function.json`. Raises Malformed or TooLarge with the name of the file."""
    try:
        document = strictjson.loads(data)
    except PlatError as error:
        error.message = f"{file}: {error.message}"
        error.fix = error.fix or f"correct {file}"
        raise
    if not isinstance(document, dict):
        raise Malformed(f"{file} must contain one JSON object", fix=f"correct {file}")
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
            f"{path} is not a complete zip archive: {error}",
            fix="create it again: zip -r app.zip .",
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
