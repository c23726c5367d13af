"""Which folders are functions, and to which of them a changed file belongs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from plat_core.errors import InvalidInput

from plat_cli.source import MANIFEST

SIGNS = (MANIFEST, "app.py", "main.py", "handler.py")
"""A folder with one of these files is a function."""


def functions_in(folder: Path) -> list[Path]:
    """The function that `folder` is, or else those in it; raises InvalidInput where none is."""
    if not folder.is_dir():
        raise InvalidInput(f"there is no folder {folder}", fix=f"plat init {folder}", field="DIR")
    if _is_function(folder):
        return [folder]
    found = sorted(entry for entry in folder.iterdir() if entry.is_dir() and _is_function(entry))
    if not found:
        names = ", ".join(SIGNS)
        raise InvalidInput(
            f"{folder} holds no function: neither it nor a folder in it has one of {names}",
            fix=f"plat init {folder / 'hello'}",
            field="DIR",
        )
    return found


def touched(functions: Iterable[Path], changed: Iterable[Path]) -> dict[Path, list[Path]]:
    """The functions that changed files belong to, each with its files."""
    found: dict[Path, list[Path]] = {}
    places = list(functions)
    for file in changed:
        for place in places:
            if file.is_relative_to(place):
                found.setdefault(place, []).append(file)
    return found


def _is_function(folder: Path) -> bool:
    hidden = folder.name.startswith(".") and folder.name not in (".", "..")
    return not hidden and any((folder / sign).is_file() for sign in SIGNS)
