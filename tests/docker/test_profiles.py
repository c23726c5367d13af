"""Profiles of the compose file: state in Postgres, and the Metadata Service."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from .composing import TOKEN, Compose, composed, until

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(600)]

PASSWORD = "a-password-of-the-tests"


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    with composed(
        "metadata",
        COMPOSE_PROFILES="postgres,metadata",
        POSTGRES_PASSWORD=PASSWORD,
        DATABASE_URL=f"postgresql://plat:{PASSWORD}@postgres.edge/plat",
    ) as compose:
        yield compose


def metadata(compose: Compose, path: str) -> Any:
    url = f"http://127.0.0.1:{compose.ports['METADATA']}{path}"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.get(url, headers=headers, trust_env=False, timeout=30).json()


def stored(compose: Compose, query: str = "SELECT name FROM functions ORDER BY name") -> list[str]:
    command = ["psql", "-h", "127.0.0.1", "-U", "plat", "-tAc", query]
    run = compose.service("postgres").exec_run(command, environment={"PGPASSWORD": PASSWORD})
    return str(run.output.decode()).split()


def test_stores_functions_in_postgres_across_a_new_controller(compose: Compose) -> None:
    compose.deploy("kept", labels={"team": "shop"})
    assert stored(compose) == ["kept"]
    before = compose.call("kept").text
    compose.run("up", "--detach", "--wait", "--force-recreate", "function-controller")
    until(lambda: compose.reason("kept") == "Serving")
    assert compose.call("kept").text == before


def test_stores_asynchronous_calls_in_postgres_across_a_killed_gateway(compose: Compose) -> None:
    compose.deploy("queued", concurrency=2, scale={"max": 1})
    calls = {compose.accept("queued", "/sleep?0.5") for _ in range(16)}
    until(lambda: "succeeded" in compose.states("queued").values())
    compose.crash("gateway")
    until(lambda: compose.states("queued") == dict.fromkeys(calls, "succeeded"))
    for call_id in calls:
        assert compose.http.get(f"/calls/{call_id}/result").text == "slept"
    kept = "SELECT id FROM calls JOIN call_answers USING (id) WHERE state = 'succeeded'"
    assert set(stored(compose, kept)) == calls
    assert stored(compose, "SELECT id FROM call_requests") == []


def test_serves_calls_without_the_database_and_reconnects(compose: Compose) -> None:
    compose.deploy("steady", scale={"min": 1})
    postgres = compose.service("postgres")
    postgres.stop(timeout=5)
    try:
        assert [compose.call("steady").status_code for _ in range(5)] == [200] * 5
        refused = compose.http.post("/register", json={"name": "late", "image": compose.image})
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert PASSWORD not in refused.text
        queued = compose.http.post("/async-function/steady")
        assert (queued.status_code, queued.json()["code"]) == (503, "unavailable")
        assert PASSWORD not in queued.text
        controller = f"http://127.0.0.1:{compose.ports['CONTROLLER']}/readyz"
        assert "database" in httpx.get(controller, trust_env=False).json()["reasons"]
    finally:
        postgres.start()
    until(lambda: compose.http.get("/functions/steady").status_code == 200)
    compose.deploy("late")
    assert "late" in stored(compose)


def test_finds_functions_by_label_in_the_metadata_service(compose: Compose) -> None:
    compose.deploy("found", labels={"team": "media"})
    until(lambda: bool(metadata(compose, "/functions?label=team=media").get("items")))
    [found] = metadata(compose, "/functions?label=team=media")["items"]
    port = compose.ports["GATEWAY"]
    assert found["endpoint"] == f"http://localhost:{port}/function/found"
    until(lambda: metadata(compose, "/functions/found")["ready"] is True)
    [revision] = metadata(compose, "/functions/found")["revisions"]
    assert (revision["name"], revision["serving"]) == ("found-1", True)


def test_profile_postgres_names_its_missing_settings(compose: Compose) -> None:
    command = compose.service("postgres").attrs["Config"]["Cmd"]
    run = subprocess.run(
        ["docker", "run", "--rm", "--entrypoint", "bash", "postgres:17", "-c", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.strip().endswith("needs POSTGRES_PASSWORD and DATABASE_URL: see .env.example")
