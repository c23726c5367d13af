"""The clone of the repository that the platform's images are built from.

An installed plat has no Dockerfile and no manifests: the images of its own version are published
nowhere, so without a clone there would be nothing to install.
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
    """The clone that this plat runs from, or else the one around the current folder.

    Raises Unavailable where there is neither.
    """
    current = here or Path.cwd()
    for folder in (Path(__file__).resolve().parents[3], current, *current.parents):
        if all((folder / name).is_file() for name in NEEDED):
            return folder
    raise Unavailable(
        "the platform's images are built from its repository, and this is no clone of it",
        fix="type it inside a clone of plat's repository, or there: make kind-up",
    )


def version(root: Path, arguments: Mapping[str, str]) -> str:
    """A name for what the images are built from: the same files and arguments, the same name."""
    digest = hashlib.sha256(repr(sorted(arguments.items())).encode())
    for path in sorted(set(_sources(root))):
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\0{path.stat().st_size}\0{path.stat().st_mode & 0o111}\0".encode())
        digest.update(path.read_bytes())
    return f"src-{digest.hexdigest()[:16]}"


def _sources(root: Path) -> Iterator[Path]:
    """The files that .dockerignore lets through, and what says how they are built."""
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in (DOCKERFILE, ".dockerignore", *(line[1:] for line in lines if line[:1] == "!")):
        start = root / name
        if start.is_file():
            yield start
        for folder, below, files in os.walk(start):
            below[:] = [one for one in below if one != "__pycache__"]
            yield from (Path(folder, file) for file in files if Path(folder, file).is_file())
