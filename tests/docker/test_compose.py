"""The documented installation: one `docker compose up` for all tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from ..ui.console import npm
from .composing import PATIENCE, TOKEN, VIEWER_TOKEN, Compose, until

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.browser
def test_the_console_deploys_calls_watches_stops_and_deletes(compose: Compose) -> None:
    tokens = {"PLAT_TOKEN": TOKEN, "PLAT_VIEWER_TOKEN": VIEWER_TOKEN}
    npm("run", "e2e:core", PLAT_URL=compose.url, **tokens)


def test_every_service_is_healthy_and_published_on_loopback_only(compose: Compose) -> None:
    for name in ("gateway", "function-controller", "builder", "registry"):
        service = compose.service(name)
        assert service.attrs["State"]["Health"]["Status"] == "healthy"
        host = service.attrs["HostConfig"]
        bindings = [b for bound in host["PortBindings"].values() for b in bound]
        assert {b["HostIp"] for b in bindings} == {"127.0.0.1"}
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert host["Memory"] > 0
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        # only the controller has uid 0, to use the socket, and it keeps no capability
        rootless = name != "function-controller"
        assert (service.exec_run("id -u").output.strip() == b"65532") == rootless
    sockets = [
        name
        for name in ("gateway", "function-controller", "builder", "registry")
        if any("docker.sock" in m["Source"] for m in compose.service(name).attrs["Mounts"])
    ]
    assert sockets == ["function-controller"]
    seeding = compose.service("runtimes")
    assert (seeding.status, seeding.attrs["State"]["ExitCode"]) == ("exited", 0)


def test_builds_deploys_and_edits_a_source(compose: Compose) -> None:
    first = compose.deploy_source("edited", "def handler(request):\n    return 'one'\n")
    assert first["image"].startswith(f"localhost:{compose.ports['REGISTRY']}/edited@sha256:")
    assert compose.call("edited").text == "one"
    again = compose.build("edited", "def handler(request):\n    return 'one'\n")
    assert (again["unchanged"], again["image"]) == (True, first["image"])
    compose.deploy_source("edited", "def handler(request):\n    return 'two'\n")
    until(lambda: compose.call("edited").text == "two")


def test_stores_asynchronous_calls_in_a_volume(compose: Compose) -> None:
    compose.deploy("queued")
    calls = {compose.accept("queued", "/sleep?0.1") for _ in range(5)}
    compose.crash("gateway")
    until(lambda: compose.states("queued") == dict.fromkeys(calls, "succeeded"))
    for call_id in calls:
        assert compose.http.get(f"/calls/{call_id}/result").text == "slept"


def test_the_builder_accepts_uploads_with_the_token_only(compose: Compose) -> None:
    url = f"http://127.0.0.1:{compose.ports['BUILDER']}/build?name=straight"
    body = {"inline": {"app.py": "def handler(request):\n    return 'straight'\n"}}
    assert httpx.post(url, json=body, trust_env=False).status_code == 401
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = httpx.post(url, json=body, headers=headers, trust_env=False, timeout=PATIENCE)
    assert answer.json()["type"] == "finished"


def test_builds_a_node_function_with_its_packages(compose: Compose) -> None:
    files = {
        "index.mjs": "import ms from 'ms';\nexport const handler = () => ms('1m') + ' ms';\n",
        "package.json": '{"type": "module", "dependencies": {"ms": "^2.1.3"}}',
    }
    built = compose.http.post("/build", params={"name": "noded"}, json={"inline": files})
    assert built.status_code == 200, built.text
    image = built.json()["image"]
    assert compose.http.post("/register", json={"name": "noded", "image": image}).is_success
    until(lambda: compose.call("noded").text == "60000 ms")


def test_garbage_collection_keeps_the_images_of_functions(compose: Compose) -> None:
    kept = compose.deploy_source("needed", "def handler(request):\n    return 'needed'\n")
    unused = compose.build("unused", "def handler(request):\n    return 'unused'\n")
    compose.service("builder").restart(timeout=5)  # it forgets what it has just built
    until(lambda: compose.service("builder").attrs["State"]["Health"]["Status"] == "healthy")
    environment = {
        **os.environ,
        "API_URL": f"http://127.0.0.1:{compose.ports['GATEWAY']}",
        "BUILDER_URL": f"http://127.0.0.1:{compose.ports['BUILDER']}",
        "AUTH_TOKEN": TOKEN,
    }
    command = [sys.executable, "-m", "plat_cli", "registry", "gc", "--json"]
    for arguments in (["--dry-run"], []):
        done = subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, check=True
        )
        images = json.loads(done.stdout)["images"]
        assert f"unused@sha256:{unused['digest']}" in images
        assert f"needed@sha256:{kept['digest']}" not in images
    assert compose.build("needed", "def handler(request):\n    return 'needed'\n")["unchanged"]
    again = compose.build("unused", "def handler(request):\n    return 'unused'\n")
    assert (again["unchanged"], again["digest"]) == (False, unused["digest"])


def test_a_build_reports_a_stopped_registry_and_a_retry_succeeds(compose: Compose) -> None:
    registry = compose.service("registry")
    registry.stop(timeout=1)
    try:
        answer = compose.send("early", "def handler(request):\n    return 'early'\n")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert "docker compose up --detach registry" in answer.json()["fix"]
    finally:
        registry.start()
    until(lambda: compose.send("early", "def handler(request):\n    return 1\n").is_success)


def test_deploy_call_stop_start_delete(compose: Compose) -> None:
    compose.deploy("whole", env={"GREETING": "hello"})
    assert compose.call("whole").status_code == 200
    assert compose.call("whole", "/env").json()["GREETING"] == "hello"
    assert compose.http.post("/functions/whole/stop").status_code == 200
    until(lambda: not compose.functions("whole"))
    stopped = compose.call("whole")
    assert (stopped.status_code, stopped.json()["code"]) == (503, "function-suspended")
    assert compose.http.post("/functions/whole/start").status_code == 200
    until(lambda: compose.call("whole").status_code == 200)
    lines = compose.http.get("/functions/whole/logs", headers={"Accept": "text/plain"}).text
    assert "starting" in lines
    assert compose.http.delete("/functions/whole").status_code == 202
    until(lambda: compose.http.get("/functions/whole").status_code == 404)
    assert compose.functions("whole") == []


def test_the_controller_invokes_functions_with_the_token_only(compose: Compose) -> None:
    compose.deploy("direct")
    url = f"http://127.0.0.1:{compose.ports['CONTROLLER']}/invoke/direct"
    assert httpx.get(url, trust_env=False).status_code == 401
    headers = {"Authorization": f"Bearer {TOKEN}"}
    until(lambda: httpx.get(url, headers=headers, trust_env=False).status_code == 200)


def test_starts_an_idle_function_for_a_call(compose: Compose) -> None:
    compose.deploy("sleepy", scale={"idle": "1s"})
    until(lambda: compose.reason("sleepy") == "Idle" and not compose.functions("sleepy"))
    assert compose.call("sleepy").status_code == 200
    assert compose.functions("sleepy")


def test_a_function_cannot_reach_the_platform(compose: Compose) -> None:
    compose.deploy("prisoner")
    places: list[str] = []
    for service, port in (
        ("gateway", 8080),
        ("function-controller", 8081),
        ("builder", 8082),
        ("registry", 5000),
    ):
        networks = compose.service(service).attrs["NetworkSettings"]["Networks"]
        addresses = [network["IPAddress"] for network in networks.values()]
        places += [f"{host}:{port}" for host in (*addresses, service, f"{service}.edge")]
    # each attempt waits for a response that never arrives
    with ThreadPoolExecutor(len(places)) as threads:
        answers = threads.map(lambda place: compose.call("prisoner", f"/connect?{place}"), places)
        for place, answer in zip(places, answers, strict=True):
            assert answer.status_code == 200
            assert "rror" in answer.text, f"{place}: {answer.text}"


def test_serves_calls_without_the_controller_and_adopts_after_it(compose: Compose) -> None:
    compose.deploy("steady", scale={"min": 1})
    before = compose.call("steady").text
    compose.crash("function-controller")
    assert [compose.call("steady").text for _ in range(20)] == [before] * 20
    until(lambda: compose.http.get("/functions/steady").status_code == 200)
    assert compose.call("steady").text == before
    [container] = compose.functions("steady")
    container.kill()
    until(lambda: compose.call("steady").status_code == 200)


def test_a_restarted_gateway_has_its_routes(compose: Compose) -> None:
    compose.deploy("constant", scale={"min": 1})
    before = compose.call("constant").text
    compose.crash("gateway")
    until(lambda: compose.call("constant").text == before)


def test_down_and_up_keeps_all_functions(compose: Compose) -> None:
    compose.deploy("kept", scale={"min": 1})
    compose.run("down", "--timeout", "5")
    compose.run("up", "--detach", "--wait")
    until(lambda: compose.call("kept").status_code == 200)
