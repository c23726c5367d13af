"""Finds the clone of the repository from which the images are built.

The images are not published, and an installed plat has no Dockerfile and no manifests.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from plat_core.errors import Unavailable

DOCKERFILE = "Dockerfile"
CONFIG = "kind-config.yaml"
MANIFEST = "manifests/kind.yaml"
NEEDED = (DOCKERFILE, CONFIG, MANIFEST, ".dockerignore")


def find(here: Path | None = None) -> Path:
    """Return the clone of this plat, or the one that contains the current folder.

    Raises Unavailable if there is none.
    """
    current = here or Path.cwd()
    for folder in (Path(__file__).resolve().parents[3], current, *current.parents):
        if all((folder / name).is_file() for name in NEEDED):
            return folder
    raise Unavailable(
        "the images are built from the repository of plat, and this folder is not in a clone of it",
        fix="run it in a clone of the repository of plat, or run there: make kind-up",
    )


def version(root: Path, arguments: Mapping[str, str]) -> str:
    """Return an image tag derived from the source files and the build arguments."""
    digest = hashlib.sha256(repr(sorted(arguments.items())).encode())
    for path in sorted(set(_sources(root))):
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\0{path.stat().st_size}\0{path.stat().st_mode & 0o111}\0".encode())
        digest.update(path.read_bytes())
    return f"src-{digest.hexdigest()[:16]}"


def _sources(root: Path) -> Iterator[Path]:
    """Yield the files that .dockerignore includes, and the Dockerfile."""
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in (DOCKERFILE, ".dockerignore", *(line[1:] for line in lines if line[:1] == "!")):
        start = root / name
        if start.is_file():
            yield start
        for folder, below, files in os.walk(start):
            below[:] = [one for one in below if one != "__pycache__"]
            yield from (Path(folder, file) for file in files if Path(folder, file).is_file())
