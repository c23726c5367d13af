"""The service images are reproducible: their files do not depend on the build time."""

from __future__ import annotations

import subprocess
import uuid

import pytest

from .composing import ROOT, Compose

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(300)]

FILES = "find /opt /usr/local/bin -type f -print0 | sort -z | xargs -0 sha256sum"
"""All that the Dockerfile adds but Debian's packages, which are as new as the build."""


def contents(image: str) -> list[str]:
    """Return the hash of every file."""
    run = ("docker", "run", "--rm", "--entrypoint", "sh", image, "-c", FILES)
    return subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_build_without_the_cache_has_the_same_files(compose: Compose) -> None:
    """The builder's image has all parts of the others except the console."""
    tag = f"plat-test-{uuid.uuid4().hex[:8]}:1"
    build = ("docker", "build", "--quiet", "--no-cache", "--target", "builder", "--tag", tag, ROOT)
    subprocess.run(build, capture_output=True, check=True)
    try:
        rebuilt = contents(tag)
        assert sum("/opt/plat/" in line for line in rebuilt) > 1000
        assert rebuilt == contents(f"{compose.project}-builder")
    finally:
        subprocess.run(("docker", "image", "rm", tag), capture_output=True, check=True)
