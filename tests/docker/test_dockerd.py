"""Restarts of Docker itself: functions are restarted and nothing is left over."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from plat_backends.docker.spec import INSTANCE
from plat_core.services.reasons import FINAL_REASONS

from .dockerd import Dockerd
from .outliving import COUNT

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.geteuid() != 0, reason="a daemon of one's own needs root"),
]

NAME = "plat-outliving"


@pytest.fixture(scope="module")
def dockerd(docker_image: str) -> Iterator[Dockerd]:
    # the path of a socket has at most 107 characters
    folder = Path(tempfile.mkdtemp(prefix="plat-d-", dir="/tmp"))
    daemon = Dockerd(folder)
    try:
        daemon.start()
        _copy(docker_image, daemon)
        yield daemon
    finally:
        daemon.close()
        shutil.rmtree(folder)


def _copy(image: str, daemon: Dockerd) -> None:
    load = ["docker", "load", "--quiet"]
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as save:
        subprocess.run(load, stdin=save.stdout, env=daemon.environment, check=True)
    assert save.returncode == 0


class BackendOutput:
    """Output of the backend that runs in the daemon's network."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.reasons: set[str] = set()
        """All failure reasons that were reported."""

    def until(self, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            output = json.loads(line)
            self.reasons |= set(output["reasons"])
            if true(output):
                return dict(output)
        raise AssertionError("it ended")

    def ask(self) -> None:
        """Request the current state once more."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()


@pytest.fixture
def backend(dockerd: Dockerd, docker_image: str) -> Iterator[BackendOutput]:
    command = [*dockerd.inside, sys.executable, "-m", "tests.docker.outliving", docker_image, NAME]
    with subprocess.Popen(
        command,
        env=dockerd.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield BackendOutput(process)
        process.communicate()
    assert process.returncode == 0
    assert containers(dockerd) == []


def containers(dockerd: Dockerd) -> list[Any]:
    client = docker.DockerClient(dockerd.url)
    found = client.containers.list(all=True, filters={"label": f"{INSTANCE}={NAME}"})
    client.close()
    return list(found)


def all_answer(output: dict[str, Any]) -> bool:
    return output["states"] == ["ready"] * COUNT and output["answers"] == [200] * COUNT


def test_restarts_functions_with_docker(dockerd: Dockerd, backend: BackendOutput) -> None:
    backend.until(all_answer)
    before = {container.name for container in containers(dockerd)}
    dockerd.end()
    backend.until(lambda output: "ready" not in output["states"])
    dockerd.start()
    backend.until(all_answer)
    assert {container.name for container in containers(dockerd)} == before
    # none of the reasons would have failed a rollout
    assert not backend.reasons & FINAL_REASONS


def test_functions_keep_responding_while_docker_is_killed(
    dockerd: Dockerd, backend: BackendOutput
) -> None:
    backend.until(all_answer)
    before = {container.name for container in containers(dockerd)}
    dockerd.crash()
    backend.ask()
    backend.until(all_answer)
    dockerd.start()
    # Docker either kept its containers or ended them, and they were then restarted
    backend.ask()
    backend.until(all_answer)
    found = containers(dockerd)
    assert {container.name for container in found} == before
    assert {container.status for container in found} == {"running"}
    assert not backend.reasons & FINAL_REASONS
