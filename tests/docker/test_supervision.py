"""The controller process ends with a traceback if a background task fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ..docker_fixtures import free_port
from .composing import ROOT
from .conftest import PATIENCE

pytestmark = pytest.mark.docker

BUGGY = """\
import sys
from plat_controller.__main__ import main
from plat_backends.docker import DockerWorkloads

async def buggy(self):
    raise KeyError("a bug")

setattr(DockerWorkloads, sys.argv[1], buggy)
sys.exit(main())
"""


@pytest.mark.parametrize("part", ["_sweep", "_listen"])
def test_a_bug_in_a_background_task_ends_the_controller(
    docker_instance: str, tmp_path: Path, part: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BUGGY, part],
        cwd=ROOT,
        env={
            "AUTH_TOKEN": "a-token-of-the-tests",
            "PLAT_HOME": str(tmp_path),
            "PLAT_PORT": str(free_port()),
            "PLAT_INSTANCE": docker_instance[:31],
            "PLAT_FUNCTIONS_NETWORK": docker_instance,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert (
        "DockerWorkloads.wait_failed failed, and the service ends with it: 'a bug'" in done.stderr
    )
    assert "in buggy" in done.stderr  # the traceback
