"""The files of the repository, for the architecture tests."""

import functools
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

ROOMS = {
    "core": "plat_core",
    "backends": "plat_backends",
    "http": "plat_http",
    "gateway": "plat_gateway",
    "controller": "plat_controller",
    "metadata": "plat_metadata",
    "operator": "plat_operator",
    "builder": "plat_builder",
    "cli": "plat_cli",
    "runtimes": "plat_runtime",
    "hack": "plat_reference",
}
"""Top-level folder → the one package in it."""

SHIPPED = {folder: package for folder, package in ROOMS.items() if folder != "hack"}


@functools.cache
def files() -> tuple[Path, ...]:
    """Return every file that is committed or not ignored, relative to the root."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(sorted(p for p in map(Path, listing.split("\0")[:-1]) if (ROOT / p).is_file()))


def modules() -> list[Path]:
    """Return every Python module of a package."""
    packages = [Path(folder, package) for folder, package in ROOMS.items()]
    return [
        path
        for path in files()
        if path.suffix == ".py"
        and path.parents
        and any(path.is_relative_to(package) for package in packages)
    ]
