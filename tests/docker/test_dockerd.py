"""Docker itself goes away and comes back: functions come back with it, and nothing is left over."""

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
from plat_core.backends.docker.spec import INSTANCE

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


class Told:
    """What the backend in the daemon's network says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def until(self, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if true(said := json.loads(line)):
                return dict(said)
        raise AssertionError("it ended")


@pytest.fixture
def told(dockerd: Dockerd, docker_image: str) -> Iterator[Told]:
    command = [*dockerd.inside, sys.executable, "-m", "tests.docker.outliving", docker_image, NAME]
    with subprocess.Popen(
        command,
        env=dockerd.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Told(process)
        process.communicate("")
    assert process.returncode == 0
    assert containers(dockerd) == []


def containers(dockerd: Dockerd) -> list[Any]:
    client = docker.DockerClient(dockerd.url)
    found = client.containers.list(all=True, filters={"label": f"{INSTANCE}={NAME}"})
    client.close()
    return list(found)


def all_answer(said: dict[str, Any]) -> bool:
    return said["states"] == ["ready"] * COUNT and said["answers"] == [200] * COUNT


def test_functions_come_back_with_docker(dockerd: Dockerd, told: Told) -> None:
    told.until(all_answer)
    before = {container.name for container in containers(dockerd)}
    dockerd.end()
    dockerd.start()
    told.until(lambda said: "ready" not in said["states"])
    told.until(all_answer)
    assert {container.name for container in containers(dockerd)} == before
