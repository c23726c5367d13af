"""`plat doctor --docker` on a healthy and on a broken installation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import docker
import httpx
import pytest
from plat_cli import docker_checks

from ..docker_fixtures import free_port
from .composing import ROOT, TOKEN, Compose, until

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(600)]


def doctor(compose: Compose) -> dict[str, tuple[str, str]]:
    """Level and advice by check; of the ports, the worst."""
    ports = {f"{name}_PORT": str(port) for name, port in compose.ports.items()}
    address = f"http://127.0.0.1:{compose.ports['GATEWAY']}"
    environment = {**os.environ, **ports, "API_URL": address, "AUTH_TOKEN": TOKEN}
    command = [sys.executable, "-m", "plat_cli", "doctor", "--docker", "--json"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    found = json.loads(done.stdout)["checks"]
    found.sort(key=lambda check: ["ok", "warn", "fail"].index(check["level"]))
    return {check["name"]: (check["level"], check["fix"]) for check in found}


def test_passes_until_the_registry_stops(compose: Compose) -> None:
    names = ("docker", "compose", "port", "controller", "builder", "registry", "gateway", "token")
    assert {name: doctor(compose)[name][0] for name in names} == dict.fromkeys(names, "ok")
    registry = compose.service("registry")
    registry.stop(timeout=1)
    try:
        found = doctor(compose)
    finally:
        registry.start()
    assert found["registry"] == ("fail", "docker compose up --detach registry")
    assert found["builder"][0] == "fail"
    assert "docker compose up --detach registry" in found["builder"][1]
    until(lambda: doctor(compose)["builder"][0] == "ok")


@pytest.fixture
def tiny_registry(docker_client: docker.DockerClient) -> Iterator[str]:
    """A registry whose disk has less than one megabyte."""
    port = free_port()
    registry = docker_client.containers.run(
        "registry:2",
        detach=True,
        ports={"5000/tcp": ("127.0.0.1", port)},
        tmpfs={"/var/lib/registry": "size=512k"},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: httpx.get(f"{url}/v2/", trust_env=False).is_success)
        yield url
    finally:
        registry.remove(force=True, v=True)


def test_reports_a_full_registry_with_its_fix(tiny_registry: str) -> None:
    check = docker_checks.registry(tiny_registry, {})
    assert (check.level, check.fix) == ("fail", "plat registry gc")
    assert "no space left" in check.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_reports_a_forbidden_docker_socket_with_its_fix() -> None:
    nobody = 65534
    done = subprocess.run(
        ["docker", "info"],
        user=nobody,
        group=nobody,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    check = docker_checks.unusable(done.stderr, "fail")
    assert (check.level, check.text) == ("fail", "this user has no access to the Docker socket")
    assert "usermod --append --groups docker" in check.fix
