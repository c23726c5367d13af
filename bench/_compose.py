"""A temporary compose project for a benchmark."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plat_backends.docker.spec import INSTANCE

from bench._platform import TOKEN, Platform

ROOT = Path(__file__).parents[1]


@contextmanager
def composed() -> Iterator[tuple[Platform, Path, str]]:
    """Yield a temporary compose project, an empty folder for sources, and the project's name."""
    project = f"plat-bench-{uuid.uuid4().hex[:8]}"
    names = ("GATEWAY", "CONTROLLER", "BUILDER", "REGISTRY")
    ports = {f"{name}_PORT": str(port) for name, port in zip(names, _free_ports(4), strict=True)}
    environment = os.environ | ports | {"AUTH_TOKEN": TOKEN, "COMPOSE_PROJECT_NAME": project}
    port = int(ports["GATEWAY_PORT"])
    client = os.environ | {"AUTH_TOKEN": TOKEN, "API_URL": f"http://localhost:{port}"}

    def compose(*arguments: str) -> None:
        command = ["docker", "compose", "--progress", "quiet", *arguments]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)

    with tempfile.TemporaryDirectory(prefix="plat-bench-") as folder:
        try:
            compose("up", "--build", "--detach", "--wait")
            yield Platform(port, client), Path(folder), project
        finally:
            compose("stop")
            mine = f"--filter=label={INSTANCE}={project}"
            if functions := docker("ps", "--all", "--quiet", mine).split():
                docker("rm", "--force", "--volumes", *functions)
            compose("down", "--volumes", "--rmi", "local")
            if images := docker("images", f"localhost:{ports['REGISTRY_PORT']}/*", "-q").split():
                docker("rmi", "--force", *sorted(set(images)))


def docker(*arguments: str) -> str:
    """Run a command and return its output."""
    done = subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
