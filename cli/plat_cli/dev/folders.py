"""Finds the functions in a folder, and the function of a changed file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from plat_core.errors import InvalidInput

from plat_cli.source import MANIFEST

MARKER_FILES = (MANIFEST, "app.py", "main.py", "handler.py")
"""A folder with one of these files is a function."""


def functions_in(folder: Path) -> list[Path]:
    """Return `folder` if it is a function, or the functions in it. Raises InvalidInput."""
    if not folder.is_dir():
        raise InvalidInput(
            f"folder {folder} does not exist", fix=f"plat init {folder}", field="DIR"
        )
    if _is_function(folder):
        return [folder]
    found = sorted(entry for entry in folder.iterdir() if entry.is_dir() and _is_function(entry))
    if not found:
        names = ", ".join(MARKER_FILES)
        raise InvalidInput(
            f"{folder} contains no function: no folder has one of {names}",
            fix=f"plat init {folder / 'hello'}",
            field="DIR",
        )
    return found


def touched(functions: Iterable[Path], changed: Iterable[Path]) -> dict[Path, list[Path]]:
    """Group changed files by function."""
    found: dict[Path, list[Path]] = {}
    roots = list(functions)
    for file in changed:
        for root in roots:
            if file.is_relative_to(root):
                found.setdefault(root, []).append(file)
    return found


def _is_function(folder: Path) -> bool:
    hidden = folder.name.startswith(".") and folder.name not in (".", "..")
    return not hidden and any((folder / name).is_file() for name in MARKER_FILES)
