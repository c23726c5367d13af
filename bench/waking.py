"""Measures calls that wake a sleeping container, by phase, and their baselines.

    python -m bench.waking [rounds]

It runs in a temporary compose project. `stopped`: the container is created and started for the
call; the baseline is `docker start` of the same container until the runtime responds, in the same
round. `paused`: the container is frozen with its memory; the baseline is `docker unpause` until the
runtime responds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import docker
import requests
from docker.models.containers import Container
from plat_backends.docker.spec import FUNCTION, INSTANCE

from bench._compose import composed
from bench._platform import DEADLINE, Platform, spread

FLASK = """\
import time

began = time.time()
from flask import Flask

app = Flask(__name__)
imported = time.time()


@app.get("/")
def hello():
    return [began, imported]
"""
PHASES = ("ask", "create", "start", "boot", "import", "ready")
STOPPED_TARGET, PAUSED_TARGET = 1.2, 100


def main(rounds: int) -> None:
    """Print a row for each sleep state, its baseline, and the phases of a start."""
    client = docker.from_env()
    with composed() as (platform, folder, project):
        for name, scale in (("stopped", {}), ("paused", {"whenIdle": "pause", "idle": "1s"})):
            _deploy(platform, folder, name, scale)
        twin = _twin(client, project, "stopped")
        try:
            _measure(platform, client, project, twin, rounds)
        finally:
            twin.remove(force=True)
    client.close()


def _measure(platform: Platform, client: Any, project: str, twin: Container, rounds: int) -> None:
    stopped, phases, paused, started, thawed = [], [], [], [], []
    for _ in range(rounds):
        platform.asleep("stopped")
        taken, steps = _woken(platform, client, project)
        stopped.append(taken)
        phases.append(steps)
        started.append(_until_answer(twin.start, twin))
        twin.pause()
        thawed.append(_until_answer(twin.unpause, twin))
        twin.kill()
        _until_paused(client, project)
        paused.append(_call(platform, "paused")[0])
    print(f"{'the first call, Flask':34} {'min ms':>8} {'median':>8} {'max':>8}")
    ratio = median(stopped) / median(started)
    print(
        f"{'stopped, through the gateway':34} {spread(stopped)}   {ratio:.2f} of docker start",
        end="",
    )
    print(f", target {STOPPED_TARGET}")
    print(f"{'docker start, until it answers':34} {spread(started)}")
    print(f"{'paused, through the gateway':34} {spread(paused)}   target {PAUSED_TARGET}")
    print(f"{'docker unpause, until it answers':34} {spread(thawed)}")
    print(f"\n{'phases of a start, median ms':34} " + " ".join(f"{p:>7}" for p in PHASES))
    columns = zip(*phases, strict=True)
    print(f"{'':34} " + " ".join(f"{median(column) * 1000:7.0f}" for column in columns))


def _deploy(platform: Platform, folder: Path, name: str, scale: dict[str, str]) -> None:
    source = folder / name
    source.mkdir()
    (source / "app.py").write_text(FLASK)
    (source / "requirements.txt").write_text("flask\n")
    (source / "function.json").write_text(json.dumps({"scale": scale} if scale else {}))
    platform.plat("deploy", source, "--name", name, "--runtime", "python-flask")


def _call(platform: Platform, name: str) -> tuple[float, list[float]]:
    began = time.perf_counter()
    status, body = platform.request("GET", f"/function/{name}")
    if status != 200:
        raise RuntimeError(f"{status} {body!r}")
    return time.perf_counter() - began, json.loads(body)


def _woken(platform: Platform, client: Any, project: str) -> tuple[float, list[float]]:
    """Return the seconds of a call that creates a container, and of each phase.

    The times of `create` and `start` are those of Docker's events, at their ends.
    """
    began = time.time()
    taken, (imports, imported) = _call(platform, "stopped")
    container = _container(client, project, "stopped")
    filters = {"container": container.id, "event": ["create", "start"]}
    told = client.events(
        since=int(began) - 1, until=int(time.time()) + 1, filters=filters, decode=True
    )
    at = {event["Action"]: event["timeNano"] / 1e9 for event in told}
    create = _seconds(container.attrs["Created"])
    edges = [began, create, at["create"], at["start"], imports, imported, began + taken]
    return taken, [after - before for before, after in pairwise(edges)]


def _seconds(stamp: str) -> float:
    """Parse a time of Docker, without the nanoseconds that `datetime` rejects."""
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    return (
        time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
        - time.timezone
        + float(f"0.{fraction}")
    )


def _container(client: Any, project: str, name: str) -> Container:
    labels = [f"{INSTANCE}={project}", f"{FUNCTION}={name}"]
    found = client.containers.list(all=True, filters={"label": labels})
    return max(found, key=lambda one: one.attrs["Created"])  # type: ignore[no-any-return]


def _twin(client: Any, project: str, name: str) -> Container:
    """Create a copy of a container that plat does not manage."""
    document = client.api.inspect_container(_container(client, project, name).id)
    config = {k: v for k, v in document["Config"].items() if k not in ("Labels", "Hostname")}
    network = next(iter(document["NetworkSettings"]["Networks"]))
    made = client.api.create_container_from_config(
        config
        | {
            "HostConfig": document["HostConfig"],
            "NetworkingConfig": {"EndpointsConfig": {network: {}}},
        }
    )
    return client.containers.get(made["Id"])  # type: ignore[no-any-return]


def _until_answer(act: Callable[[], object], container: Container) -> float:
    """Return the seconds from the start of `act` to the first response of the container."""
    began = time.perf_counter()
    act()
    container.reload()
    [network] = container.attrs["NetworkSettings"]["Networks"].values()
    url = f"http://{network['IPAddress']}:8080/"
    with requests.Session() as session:
        session.trust_env = False
        while time.perf_counter() - began < DEADLINE:
            try:
                if session.get(url, timeout=DEADLINE).status_code == requests.codes.ok:
                    return time.perf_counter() - began
            except requests.ConnectionError:
                time.sleep(0.001)
    raise TimeoutError("the container does not respond")


def _until_paused(client: Any, project: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while _container(client, project, "paused").status != "paused":
        if time.monotonic() > deadline:
            raise TimeoutError("the function does not fall asleep")
        time.sleep(0.05)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
