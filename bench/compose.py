"""The Docker set-up as a user has it: an edited deploy, and what the gateway adds to a call.

    python -m bench.compose [rounds]

Starts a compose project and an embedded platform, both its own, and removes them. A call through
the gateway is compared with the same call to the replica itself: the container's address there,
the process's Unix socket here. The function is the same, so the two ratios may be compared.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from plat_core.backends.docker.spec import FUNCTION, INSTANCE

from bench._platform import TOKEN, Platform, running, spread
from bench.deploy import deploy, write
from bench.gateway import load

ROOT = Path(__file__).parents[1]
HELLO = "def handler(request):\n    return 'ok'\n"
CALLS = 1500
CONNECTIONS = 16
SECONDS = 3.0


def main(rounds: int) -> None:
    """Print a table for deploys and one for calls."""
    with _compose() as (docker, folder, project):
        write(folder / "warm", 0)
        docker.plat("deploy", folder / "warm", "--name", "warm")
        edited = [deploy(docker, folder / "warm", n + 1) for n in range(rounds)]
        print(f"{'plat deploy, docker':34} {'min ms':>8} {'median':>8} {'max':>8}")
        print(f"{'edited, until the new code answers':34} {spread(edited)}   target 1000")
        _hello(docker, folder)
        with running() as (embedded, place):
            _hello(embedded, place)
            _compare(
                {
                    "docker": (_container(project), docker.port),
                    "docker, unpublished": (_container(project), _gateway(project)),
                    "embedded": (_process(embedded), embedded.port),
                }
            )


def _hello(platform: Platform, folder: Path) -> None:
    source = folder / "hello"
    source.mkdir()
    (source / "app.py").write_text(HELLO)
    platform.plat("deploy", source, "--name", "hello")
    platform.plat("scale", "hello", "1")


def _compare(subjects: dict[str, tuple[load.Address, load.Address]], rounds: int = 3) -> None:
    """Each subject is a replica, and the gateway before it."""
    print(f"\n{'a call':34} {'direct':>8} {'through':>8} {'ratio':>8}")
    for name, ends in subjects.items():
        taken = [[load.latency(end, calls=CALLS) for end in ends] for _ in range(rounds)]
        _row(f"{name}: 1 caller, µs", [[seconds * 1e6 for seconds in row] for row in taken])
    for name, ends in subjects.items():
        rates = [[load.own_load(end, CONNECTIONS, SECONDS) for end in ends] for _ in range(rounds)]
        _row(f"{name}: {CONNECTIONS} callers, /s", rates)


def _row(name: str, rounds: list[list[float]]) -> None:
    direct, through = (median(column) for column in zip(*rounds, strict=True))
    print(f"{name:34} {direct:8.0f} {through:8.0f} {through / direct:8.2f}")


def _gateway(project: str) -> load.Address:
    """The gateway's own address, without Docker's proxy of the published port."""
    form = f'{{{{(index .NetworkSettings.Networks "{project}-edge").IPAddress}}}}'
    return _docker("inspect", "--format", form, f"{project}-gateway-1").strip(), 8080


def _container(project: str) -> load.Address:
    """Where the one container of `hello` listens."""
    form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    labels = (f"label={INSTANCE}={project}", f"label={FUNCTION}=hello")
    [found] = _docker("ps", "--quiet", *(f"--filter={label}" for label in labels)).split()
    return _docker("inspect", "--format", form, found).strip(), 8080


def _process(platform: Platform) -> load.Address:
    """Where the one process of `hello` listens."""
    found = (child.environ().get("PLAT_SOCKET") for child in platform.processes()[1:])
    [path] = {path for path in found if path}
    return path


@contextmanager
def _compose() -> Iterator[tuple[Platform, Path, str]]:
    """A compose project of its own, an empty folder for sources, and the project's name."""
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
            if functions := _docker("ps", "--all", "--quiet", mine).split():
                _docker("rm", "--force", "--volumes", *functions)
            compose("down", "--volumes", "--rmi", "local")
            if images := _docker("images", f"localhost:{ports['REGISTRY_PORT']}/*", "-q").split():
                _docker("rmi", "--force", *sorted(set(images)))


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
