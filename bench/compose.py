"""Measures the compose setup: a deploy of edited source, and the latency of the gateway.

    python -m bench.compose [rounds]

Starts a temporary compose project and an embedded platform. A call through the gateway is compared
with the same call to the replica: at the address of its container, or at the Unix socket of its
process. Both use the same function, so the ratios can be compared.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from plat_backends.docker.spec import FUNCTION, INSTANCE

from bench._compose import composed, docker
from bench._platform import Platform, running, spread
from bench.deploy import deploy, write
from bench.gateway import load

HELLO = "def handler(request):\n    return 'ok'\n"
CALLS = 1500
CONNECTIONS = 16
SECONDS = 3.0


def main(rounds: int) -> None:
    """Print a table for deploys and one for calls."""
    with composed() as (compose, folder, project):
        write(folder / "warm", 0)
        compose.plat("deploy", folder / "warm", "--name", "warm")
        edited = [deploy(compose, folder / "warm", n + 1) for n in range(rounds)]
        print(f"{'plat deploy, docker':34} {'min ms':>8} {'median':>8} {'max':>8}")
        print(f"{'edited, until the new code answers':34} {spread(edited)}   target 1000")
        _hello(compose, folder)
        with running() as (embedded, place):
            _hello(embedded, place)
            _compare(
                {
                    "docker": (_container(project), compose.port),
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
    """Compare calls of a replica with calls through the gateway."""
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
    """Return the gateway's address without Docker's proxy of the published port."""
    form = f'{{{{(index .NetworkSettings.Networks "{project}-edge").IPAddress}}}}'
    return docker("inspect", "--format", form, f"{project}-gateway-1").strip(), 8080


def _container(project: str) -> load.Address:
    """Return the address of the container of `hello`."""
    form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    labels = (f"label={INSTANCE}={project}", f"label={FUNCTION}=hello")
    [found] = docker("ps", "--quiet", *(f"--filter={label}" for label in labels)).split()
    return docker("inspect", "--format", form, found).strip(), 8080


def _process(platform: Platform) -> load.Address:
    """Return the address of the process of `hello`."""
    found = (child.environ().get("PLAT_SOCKET") for child in platform.processes()[1:])
    [path] = {path for path in found if path}
    return path


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
