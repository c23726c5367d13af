"""Builds the images of the platform from the clone and pushes them to the registry."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from plat_core.errors import Unavailable

from plat_cli.kind import registry
from plat_cli.kind.subprocesses import CommandFailed, OnProgress, run, stream
from plat_cli.kind.target import KindCluster

LABEL = "plat.dev/cluster"
"""Label of the images of a cluster, used to remove them with it."""
UNREACHABLE = re.compile(
    r"failed to (?:resolve source metadata for|do request|fetch)|pull access denied|i/o timeout"
    r"|no such host|manifest unknown|connection refused",
    re.IGNORECASE,
)


def missing(target: KindCluster, parts: tuple[str, ...], tag: str) -> list[str]:
    """Return the images that the registry does not have with this tag."""
    return [part for part in parts if tag not in registry.tags(target, repository(part))]


def repository(part: str) -> str:
    """Return the repository of an image of the platform."""
    return f"plat-{part}"


def build(
    target: KindCluster,
    root: Path,
    part: str,
    *,
    tag: str,
    arguments: Mapping[str, str],
    on_progress: OnProgress,
) -> None:
    """Build and push one image. Raises Unavailable with the last output of Docker."""
    image = f"{target.images}/{repository(part)}:{tag}"
    given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    line = ("docker", "build", "--target", part, "--tag", image)
    try:
        stream(
            *line, "--label", f"{LABEL}={target.name}", *given, str(root), on_progress=on_progress
        )
        stream("docker", "push", image, on_progress=on_progress)
    except CommandFailed as error:
        raise _failed(part, root, error) from error


def build_runtimes(target: KindCluster, on_progress: OnProgress) -> None:
    """Build the missing base images of the runtimes and push them to the registry."""
    line = (sys.executable, "-P", "-m", "plat_builder", "runtimes")
    try:
        stream(*line, on_progress=on_progress, environment={"PLAT_REGISTRY": target.images})
    except CommandFailed as error:
        raise Unavailable(
            f"the base images of the runtimes could not be built: {error.tail}",
            fix=f"PLAT_REGISTRY={target.images} {' '.join(('python', *line[2:]))}",
        ) from error


def remove_old(target: KindCluster, *, but: str = "") -> int:
    """Remove the local images of this cluster, except those with the tag `but`."""
    mine = ("docker", "image", "ls", "--filter", f"label={LABEL}={target.name}")
    found = run(*mine, "--format", "{{.Repository}}:{{.Tag}}").split()
    old = [
        name for name in found if not (but and name.endswith(f":{but}")) and "<none>" not in name
    ]
    if old:
        run("docker", "image", "rm", *old)
    return len(old)


def _failed(part: str, root: Path, error: CommandFailed) -> Unavailable:
    output = error.output
    if UNREACHABLE.search(output):
        pull = "docker pull python:3.13-slim   (to test the connection)"
        fix = f"{pull}\nbehind a proxy: export HTTPS_PROXY=…"
    else:
        fix = f"docker build --target {part} {root}"
    return Unavailable(f"the image of the {part} could not be built: {error.tail}", fix=fix)
