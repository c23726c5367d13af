"""Killed services, full disks and many functions, on the shared project."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from ..docker_fixtures import free_port
from .composing import PATIENCE, TOKEN, Compose, until

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(600)]

CALLERS = 4
MANY = 50
HANDLER = "def handler(request):\n    return '{}'\n"


class Load:
    """Clients that call one function repeatedly, and the responses."""

    def __init__(self, compose: Compose, name: str) -> None:
        self._compose, self._name = compose, name
        self._stop = threading.Event()
        self._counted = threading.Condition()
        self.answers: list[int] = []
        self.broken = 0

    def work(self) -> None:
        while not self._stop.is_set():
            try:
                status = self._compose.call(self._name).status_code
            except httpx.TransportError:
                self.broken += 1
                continue
            with self._counted:
                self.answers.append(status)
                self._counted.notify_all()

    def more(self, count: int = 50) -> None:
        """Wait for a number of further responses."""
        with self._counted:
            enough = len(self.answers) + count
            assert self._counted.wait_for(lambda: len(self.answers) >= enough, PATIENCE)

    def end(self) -> None:
        self._stop.set()


@contextmanager
def loaded(compose: Compose, name: str) -> Iterator[Load]:
    load = Load(compose, name)
    with ThreadPoolExecutor(CALLERS) as threads:
        try:
            for _ in range(CALLERS):
                threads.submit(load.work)
            load.more()
            yield load
        finally:
            load.end()


def restarted(compose: Compose, name: str, before: str) -> bool:
    service = compose.service(name)
    state = service.attrs["State"]
    return state["StartedAt"] != before and state.get("Health", {}).get("Status") == "healthy"


def crash(compose: Compose, name: str) -> None:
    """Kill the service and wait until its restart policy has restarted it."""
    before = compose.service(name).attrs["State"]["StartedAt"]
    compose.crash(name)
    until(lambda: restarted(compose, name, before))


def test_fails_no_call_when_the_controller_is_killed_under_load(compose: Compose) -> None:
    compose.deploy("loaded", scale={"min": 1})
    [before] = compose.functions("loaded")
    with loaded(compose, "loaded") as load:
        crash(compose, "function-controller")
        until(lambda: compose.reason("loaded") == "Serving")
        load.more()
    assert (set(load.answers), load.broken) == ({200}, 0)
    assert [c.id for c in compose.functions("loaded")] == [before.id]


def test_restarts_a_gateway_killed_under_load(compose: Compose) -> None:
    compose.deploy("passing", scale={"min": 1})
    [before] = compose.functions("passing")
    with loaded(compose, "passing") as load:
        crash(compose, "gateway")
        load.more()
    # running calls were aborted; none got a wrong response, or 404 before the routes were loaded
    assert set(load.answers) <= {200, 503}
    assert load.answers[-1] == 200
    assert [c.id for c in compose.functions("passing")] == [before.id]


def test_repeats_a_build_that_was_killed_with_the_builder(compose: Compose) -> None:
    files = {"app.py": HANDLER.format("built"), "requirements.txt": "flask\n"}
    accept = {"Accept": "application/x-ndjson"}
    arguments: dict[str, Any] = {"params": {"name": "broken-off"}, "json": {"inline": files}}
    before = compose.service("builder").attrs["State"]["StartedAt"]
    with compose.http.stream("POST", "/build", headers=accept, **arguments) as answer:
        lines = answer.iter_lines()
        next(lines)
        compose.crash("builder")
        *_, last = lines
    assert '"unavailable"' in last
    assert "docker compose ps builder" in last
    until(lambda: restarted(compose, "builder", before))
    built = compose.http.post("/build", **arguments)
    assert built.status_code == 200, built.text
    leftovers = compose.service("builder").exec_run(
        ["find", "/var/lib/plat/staging", "-mindepth", "2"]
    )
    assert leftovers.output.decode().split() == []


@pytest.fixture
def cramped(compose: Compose) -> Iterator[httpx.Client]:
    """A builder of the same project with a small disk."""
    port = free_port()
    builder = compose.client.containers.create(
        f"{compose.project}-builder",
        name=f"{compose.project}-cramped-1",
        network=f"{compose.project}-edge",
        ports={"8082/tcp": ("127.0.0.1", port)},
        tmpfs={"/var/lib/plat": "size=90m,uid=65532,mode=0770", "/tmp": "size=16m,mode=1777"},
        environment={
            "AUTH_TOKEN": TOKEN,
            "PLAT_CONTAINED": "1",
            "PLAT_HOST": "0.0.0.0",
            "PLAT_PORT": "8082",
            "PLAT_INSTANCE": compose.project,
            "PLAT_REGISTRY": f"localhost:{compose.ports['REGISTRY']}",
            "PLAT_REGISTRY_URL": "http://registry.edge:5000",
            "XDG_CACHE_HOME": "/var/lib/plat/cache",
        },
    )
    builder.start()
    http = httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=PATIENCE,
        trust_env=False,
    )
    try:
        until(lambda: http.get("/healthz").is_success)
        yield http
    finally:
        http.close()
        builder.remove(force=True)


def test_a_builder_reports_a_full_disk_and_keeps_serving(
    compose: Compose, cramped: httpx.Client
) -> None:
    large = {"app.py": HANDLER.format("x"), "requirements.txt": "numpy\n"}
    answer = cramped.post("/build", params={"name": "large"}, json={"inline": large})
    assert answer.is_error
    assert "disk is full" in answer.json()["detail"]
    assert answer.json()["fix"]
    left = ["find", "/var/lib/plat", "-name", ".tmp*", "-o", "-path", "*/staging/*/*"]
    assert compose.service("cramped").exec_run(left).output == b""
    small = {"app.py": HANDLER.format("small")}
    built = cramped.post("/build", params={"name": "small"}, json={"inline": small})
    assert built.status_code == 200, built.text


def test_a_deploy_names_and_awaits_an_unreachable_registry(compose: Compose) -> None:
    image = compose.build("awaited", HANDLER.format("awaited"))["image"]
    registry = compose.service("registry")
    registry.stop(timeout=1)
    try:
        answer = compose.http.post("/register", json={"name": "awaited", "image": image})
        assert answer.is_success
        until(lambda: compose.reason("awaited") == "ImageUnavailable")
        status = compose.http.get("/functions/awaited").json()["status"]
        assert "plat doctor" in status["hints"][0]["fix"]
    finally:
        registry.start()
    until(lambda: compose.reason("awaited") == "Serving")


def test_one_of_two_concurrent_deploys_wins(compose: Compose) -> None:
    def deploy(text: str) -> str:
        image = str(compose.build("raced", HANDLER.format(text))["image"])
        answer = compose.http.post("/register", json={"name": "raced", "image": image})
        assert answer.is_success, answer.text
        return image

    with ThreadPoolExecutor(2) as threads:
        images = list(threads.map(deploy, ("one", "two")))
    until(lambda: compose.reason("raced") == "Serving" and len(compose.functions("raced")) == 1)
    function = compose.http.get("/functions/raced").json()
    winner = ("one", "two")[images.index(function["spec"]["image"])]
    assert compose.call("raced").text == winner
    assert function["status"]["image"] == function["spec"]["image"]


def test_runs_fifty_functions_at_once(compose: Compose) -> None:
    names = [f"many-{number}" for number in range(MANY)]

    def register(name: str) -> None:
        answer = compose.http.post("/register", json={"name": name, "image": compose.image})
        assert answer.status_code == 201, answer.text

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(register, names))
        for name in names:
            until(lambda name=name: compose.reason(name) == "Serving")  # type: ignore[misc]
        assert {answer.status_code for answer in threads.map(compose.call, names)} == {200}
        list(threads.map(lambda name: compose.http.delete(f"/functions/{name}"), names))
    until(lambda: not any(compose.functions(name) for name in names))


def test_pauses_an_idle_function_and_resumes_it_for_a_call(compose: Compose) -> None:
    compose.deploy("dozing", scale={"idle": "1s", "whenIdle": "pause"})
    [container] = compose.functions("dozing")
    until(lambda: [c.status for c in compose.functions("dozing")] == ["paused"])
    status = compose.http.get("/functions/dozing").json()["status"]
    assert (status["replicas"], compose.reason("dozing")) == (0, "Idle")
    assert compose.call("dozing").status_code == 200
    assert [c.id for c in compose.functions("dozing")] == [container.id]
    assert compose.http.delete("/functions/dozing").status_code == 202
    until(lambda: compose.functions("dozing") == [])
