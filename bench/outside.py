"""Measures faults of containers: time until they are reported and until they are repaired.

    python -m bench.outside [rounds]

It runs in a temporary compose project. A container is stopped, killed, paused, removed, or becomes
unhealthy by the HEALTHCHECK of its image. The gateway's `/events` report that the function lost its
replica, and then that it has one again, which must serve a call. The baseline is the arrival of
Docker's event. Each fault has its own function, which rests between rounds until its restarts no
longer count.
"""

from __future__ import annotations

import http.client
import json
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import docker
from docker.models.containers import Container
from plat_backends.docker.spec import FUNCTION, INSTANCE

from bench._compose import composed
from bench._platform import DEADLINE, TOKEN, Platform

HANDLER = """\
def handler(request):
    if request.path.endswith("/sick"):
        open("/tmp/sick", "w").close()
    return "ok"
"""
CHECK = "HEALTHCHECK --interval=100ms --timeout=5s --retries=1 CMD test ! -e /tmp/sick"
TARGET = 2000
SETTLED_SECONDS = 11.0
"""Readiness (s) after which earlier restarts and their back-off no longer count."""


@dataclass(frozen=True)
class Fault:
    """A fault, its action, and the Docker event that reports it."""

    function: str
    name: str
    event: str
    act: Callable[[Platform, Container], object]


FAULTS = (
    Fault("stopped", "docker stop", "die", lambda _, one: one.stop(timeout=0)),
    Fault("killed", "docker kill", "die", lambda _, one: one.kill()),
    Fault("paused", "docker pause", "pause", lambda _, one: one.pause()),
    Fault("removed", "docker rm --force", "destroy", lambda _, one: one.remove(force=True)),
    Fault(
        "sick",
        "HEALTHCHECK: unhealthy",
        "health_status: unhealthy",
        lambda platform, _: platform.request("GET", "/function/sick/sick"),
    ),
)


def main(rounds: int) -> None:
    """Print a row for each fault."""
    client = docker.from_env()
    with composed() as (platform, folder, project):
        for fault in FAULTS:
            _deploy(platform, folder, fault.function)
        _check(platform, client, project)
        found: dict[str, list[tuple[float, float, float]]] = {f.name: [] for f in FAULTS}
        with _gateway_events(platform.port) as reported, _docker(client, project) as events:
            for _ in range(rounds):
                time.sleep(SETTLED_SECONDS)
                for fault in FAULTS:
                    found[fault.name].append(
                        _once(fault, platform, client, project, reported, events)
                    )
    client.close()
    print(
        f"{'fault, median (max) ms':30} {'event':>13} {'reported':>13} {'ratio':>10}",
        end="",
    )
    print(f" {'repaired':>13}")
    for name, rows in found.items():
        event, seen, repaired = ([row[n] * 1000 for row in rows] for n in range(3))
        ratio = median(seen) / median(event)
        print(f"{name:30} {_pair(event)} {_pair(seen)} {ratio:10.2f} {_pair(repaired)}")
    worst = max(row[1] for rows in found.values() for row in rows) * 1000
    print(f"slowest report: {worst:.0f} ms, target {TARGET}")


def _pair(values: list[float]) -> str:
    return f"{median(values):6.0f} ({max(values):4.0f})"


def _deploy(platform: Platform, folder: Path, name: str) -> None:
    source = folder / name
    source.mkdir()
    (source / "app.py").write_text(HANDLER)
    platform.plat("deploy", source, "--name", name, "--scale-min", "1")


def _check(platform: Platform, client: Any, project: str) -> None:
    """Add a HEALTHCHECK to the image of `sick`, and wait until its replica serves."""
    image = platform.status("sick")["image"].partition("@")[0]
    _container(client, project, "sick").commit(image, "checked", changes=CHECK)
    spec = {"name": "sick", "image": f"{image}:checked", "scale": {"min": 1}}
    status, body = platform.request("POST", "/register", spec)
    if status not in (200, 201):
        raise RuntimeError(f"{status} {body!r}")
    deadline = time.monotonic() + DEADLINE
    while not _serves(platform.status("sick"), f"{image}:checked"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"it does not serve: {platform.status('sick')}")
        time.sleep(0.1)


def _serves(status: dict[str, Any], image: str) -> bool:
    return status["image"] == image and status["readyReplicas"] == status["replicas"] == 1


def _once(
    fault: Fault,
    platform: Platform,
    client: Any,
    project: str,
    reported: queue.SimpleQueue[tuple[float, tuple[str, int]]],
    events: queue.SimpleQueue[tuple[float, tuple[str, str]]],
) -> tuple[float, float, float]:
    """Return the seconds until Docker's event, until the report, and until the repair."""
    name = fault.function
    container = _container(client, project, name)
    for waiting in (reported, events):
        while not waiting.empty():
            waiting.get()
    began = time.perf_counter()
    fault.act(platform, container)
    event = _until(events, lambda what: what == (name, fault.event))
    seen = _until(reported, lambda what: what == (name, 0))
    repaired = _until(reported, lambda what: what == (name, 1))
    if (answer := platform.request("GET", f"/function/{name}"))[0] != 200:
        raise RuntimeError(f"reported as repaired, but returned {answer}")
    return event - began, seen - began, repaired - began


def _until(received: queue.SimpleQueue[tuple[float, Any]], true: Callable[[Any], bool]) -> float:
    """Return the time of the first event that matches."""
    while True:
        at, what = received.get(timeout=DEADLINE)
        if true(what):
            return at


@contextmanager
def _gateway_events(port: int) -> Iterator[queue.SimpleQueue[tuple[float, tuple[str, int]]]]:
    """Yield the ready replicas of functions from the gateway's events, with the time."""
    received: queue.SimpleQueue[tuple[float, tuple[str, int]]] = queue.SimpleQueue()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "text/event-stream"}
    connection.request("GET", "/events", headers=headers)
    answer = connection.getresponse()

    def listen() -> None:
        try:
            while line := answer.readline():
                if line.startswith(b"data: "):
                    function = json.loads(line[6:])
                    ready = (function.get("status") or {}).get("readyReplicas", 0)
                    received.put((time.perf_counter(), (function["metadata"]["name"], ready)))
        except (OSError, ValueError, AttributeError):
            return  # closed at the end

    threading.Thread(target=listen, daemon=True).start()
    with closing(connection):
        yield received


@contextmanager
def _docker(
    client: Any, project: str
) -> Iterator[queue.SimpleQueue[tuple[float, tuple[str, str]]]]:
    """Yield Docker's events of functions' containers, with the time of arrival."""
    received: queue.SimpleQueue[tuple[float, tuple[str, str]]] = queue.SimpleQueue()
    labels = [f"{INSTANCE}={project}", FUNCTION]
    stream = client.events(decode=True, filters={"type": ["container"], "label": labels})

    def listen() -> None:
        for event in stream:
            function = event["Actor"]["Attributes"][FUNCTION]
            received.put((time.perf_counter(), (function, event["Action"])))

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield received
    finally:
        stream.close()


def _container(client: Any, project: str, name: str) -> Container:
    labels = [f"{INSTANCE}={project}", f"{FUNCTION}={name}"]
    found = client.containers.list(filters={"label": labels, "status": "running"})
    return max(found, key=lambda one: one.attrs["Created"])  # type: ignore[no-any-return]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
