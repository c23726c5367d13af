"""The platform's own images: built by Docker from the clone, pushed to the cluster's registry."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from plat_core.errors import Unavailable

from plat_cli.kind import registry
from plat_cli.kind.place import Place
from plat_cli.kind.programs import ProgramFailed, Say, answer, follow

LABEL = "plat.dev/cluster"
"""The label of images that were built for a cluster, by which they are removed with it."""
UNREACHABLE = re.compile(
    r"failed to (?:resolve source metadata for|do request|fetch)|pull access denied|i/o timeout"
    r"|no such host|manifest unknown|connection refused",
    re.IGNORECASE,
)


def missing(place: Place, parts: tuple[str, ...], tag: str) -> list[str]:
    """Which of the platform's images the registry does not have in this version."""
    return [part for part in parts if tag not in registry.tags(place, repository(part))]


def repository(part: str) -> str:
    """The repository of a part of the platform."""
    return f"plat-{part}"


def build(
    place: Place, root: Path, part: str, *, tag: str, arguments: Mapping[str, str], say: Say
) -> None:
    """Build one part and push it; raises Unavailable with the end of what Docker said."""
    image = f"{place.images}/{repository(part)}:{tag}"
    given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    line = ("docker", "build", "--target", part, "--tag", image)
    try:
        follow(*line, "--label", f"{LABEL}={place.name}", *given, str(root), say=say)
        follow("docker", "push", image, say=say)
    except ProgramFailed as error:
        raise _failed(part, root, error) from error


def seed(place: Place, say: Say) -> None:
    """Have the base images of all runtimes in the registry; those that are there stay."""
    line = (sys.executable, "-P", "-m", "plat_builder", "runtimes")
    try:
        follow(*line, say=say, environment={"PLAT_REGISTRY": place.images})
    except ProgramFailed as error:
        raise Unavailable(
            f"the base images of the runtimes could not be built: {error.end}",
            fix=f"PLAT_REGISTRY={place.images} {' '.join(('python', *line[2:]))}",
        ) from error


def forget(place: Place, *, but: str = "") -> int:
    """Remove the images built for this cluster from this machine's Docker, but for one tag."""
    mine = ("docker", "image", "ls", "--filter", f"label={LABEL}={place.name}")
    found = answer(*mine, "--format", "{{.Repository}}:{{.Tag}}").split()
    old = [
        name for name in found if not (but and name.endswith(f":{but}")) and "<none>" not in name
    ]
    if old:
        answer("docker", "image", "rm", *old)
    return len(old)


def _failed(part: str, root: Path, error: ProgramFailed) -> Unavailable:
    said = error.said
    if UNREACHABLE.search(said):
        fix = "docker pull python:3.13-slim   (does it work?)\nbehind a proxy: export HTTPS_PROXY=…"
    else:
        fix = f"docker build --target {part} {root}"
    return Unavailable(f"the image of the {part} could not be built: {error.end}", fix=fix)
