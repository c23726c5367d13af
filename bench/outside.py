"""What happens to a container from outside: until it is told, and until it is mended.

    python -m bench.outside [rounds]

Starts a compose project of its own, and removes it. A container is stopped, killed, paused,
removed, or called unhealthy by its image's own HEALTHCHECK. Whoever listens to the gateway's
`/events` hears that the function lost its replica, and then that it has one again; a call must be
answered by it. The floor is when Docker's own event reaches a listener here.
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
from plat_core.backends.docker.spec import FUNCTION, INSTANCE

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
NAME = "outside"


@dataclass(frozen=True)
class Fault:
    """How it is done, and Docker's event that tells of it."""

    name: str
    event: str
    act: Callable[[Platform, Container], object]


FAULTS = (
    Fault("docker stop", "die", lambda _, one: one.stop(timeout=0)),
    Fault("docker kill", "die", lambda _, one: one.kill()),
    Fault("docker pause", "pause", lambda _, one: one.pause()),
    Fault("docker rm --force", "destroy", lambda _, one: one.remove(force=True)),
    Fault(
        "HEALTHCHECK: unhealthy",
        "health_status: unhealthy",
        lambda platform, _: platform.request("GET", f"/function/{NAME}/sick"),
    ),
)


def main(rounds: int) -> None:
    """Print a row for each fault."""
    client = docker.from_env()
    with composed() as (platform, folder, project):
        _deploy(platform, client, folder, project)
        found: dict[str, list[tuple[float, float, float]]] = {f.name: [] for f in FAULTS}
        with _heard(platform.port) as told, _docker(client, project) as events:
            for _ in range(rounds):
                for fault in FAULTS:
                    found[fault.name].append(_once(fault, platform, client, project, told, events))
    client.close()
    print(
        f"{'from outside, median (most) ms':30} {'event':>13} {'told':>13} {'told/event':>10}",
        end="",
    )
    print(f" {'mended':>13}")
    for name, rows in found.items():
        event, seen, mended = ([row[n] * 1000 for row in rows] for n in range(3))
        ratio = median(seen) / median(event)
        print(f"{name:30} {_pair(event)} {_pair(seen)} {ratio:10.2f} {_pair(mended)}")
    worst = max(row[1] for rows in found.values() for row in rows) * 1000
    print(f"the latest that was told of: {worst:.0f} ms, target {TARGET}")


def _pair(values: list[float]) -> str:
    return f"{median(values):6.0f} ({max(values):4.0f})"


def _deploy(platform: Platform, client: Any, folder: Path, project: str) -> None:
    """A function whose image has a check of its own."""
    source = folder / NAME
    source.mkdir()
    (source / "app.py").write_text(HANDLER)
    platform.plat("deploy", source, "--name", NAME, "--scale-min", "1")
    image = platform.status(NAME)["image"].partition("@")[0]
    _container(client, project).commit(image, "checked", changes=CHECK)
    spec = {"name": NAME, "image": f"{image}:checked", "scale": {"min": 1}}
    status, body = platform.request("POST", "/register", spec)
    if status not in (200, 201):
        raise RuntimeError(f"{status} {body!r}")
    deadline = time.monotonic() + DEADLINE
    while not _serves(platform.status(NAME), f"{image}:checked"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{NAME} does not serve: {platform.status(NAME)}")
        time.sleep(0.1)


def _serves(status: dict[str, Any], image: str) -> bool:
    return status["image"] == image and status["readyReplicas"] == status["replicas"] == 1


def _once(
    fault: Fault,
    platform: Platform,
    client: Any,
    project: str,
    told: queue.SimpleQueue[tuple[float, int]],
    events: queue.SimpleQueue[tuple[float, str]],
) -> tuple[float, float, float]:
    """Seconds until Docker's event, until it is told, and until it is mended."""
    container = _container(client, project)
    for waiting in (told, events):
        while not waiting.empty():
            waiting.get()
    began = time.perf_counter()
    fault.act(platform, container)
    event = _until(events, lambda action: action == fault.event)
    seen = _until(told, lambda ready: ready == 0)
    mended = _until(told, lambda ready: ready == 1)
    if (answer := platform.request("GET", f"/function/{NAME}"))[0] != 200:
        raise RuntimeError(f"it is said to be mended, and answers {answer}")
    time.sleep(0.5)  # its routes and its check settle: the next fault meets a quiet platform
    return event - began, seen - began, mended - began


def _until(heard: queue.SimpleQueue[tuple[float, Any]], true: Callable[[Any], bool]) -> float:
    """When something was heard of which this is true."""
    while True:
        at, what = heard.get(timeout=DEADLINE)
        if true(what):
            return at


@contextmanager
def _heard(port: int) -> Iterator[queue.SimpleQueue[tuple[float, int]]]:
    """How many replicas are ready, as the gateway's events tell, and when that was heard."""
    heard: queue.SimpleQueue[tuple[float, int]] = queue.SimpleQueue()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "text/event-stream"}
    connection.request("GET", "/events", headers=headers)
    answer = connection.getresponse()

    def listen() -> None:
        try:
            while line := answer.readline():
                if line.startswith(b"data: "):
                    status = json.loads(line[6:]).get("status") or {}
                    heard.put((time.perf_counter(), status.get("readyReplicas", 0)))
        except (OSError, ValueError, AttributeError):
            return  # closed at the end

    threading.Thread(target=listen, daemon=True).start()
    with closing(connection):
        yield heard


@contextmanager
def _docker(client: Any, project: str) -> Iterator[queue.SimpleQueue[tuple[float, str]]]:
    """Docker's events of the function's containers, each with the time it was heard."""
    heard: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()
    labels = [f"{INSTANCE}={project}", f"{FUNCTION}={NAME}"]
    stream = client.events(decode=True, filters={"type": ["container"], "label": labels})

    def listen() -> None:
        for event in stream:
            heard.put((time.perf_counter(), event["Action"]))

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield heard
    finally:
        stream.close()


def _container(client: Any, project: str) -> Container:
    labels = [f"{INSTANCE}={project}", f"{FUNCTION}={NAME}"]
    found = client.containers.list(filters={"label": labels, "status": "running"})
    return max(found, key=lambda one: one.attrs["Created"])  # type: ignore[no-any-return]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
