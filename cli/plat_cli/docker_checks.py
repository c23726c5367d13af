"""The checks of `plat doctor` for the Docker set-up: Docker, its ports and its services.

They run if CONTROLLER_URL is set, in a clone that has a `.env` file, or with `--docker`. Ports and
addresses come from the environment, then from `.env`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from plat_core.errors import PlatError

from plat_cli.advice import port_free, port_holder
from plat_cli.check_result import CheckResult, Level
from plat_cli.client import Client
from plat_cli.proxies import connection_to
from plat_cli.settings import is_loopback

COMPOSE_FILE = "docker-compose.yaml"
SERVICES = {"gateway": 8080, "controller": 8081, "builder": 8082, "registry": 5001}
CONTAINERS = {name: name for name in SERVICES} | {"controller": "function-controller"}
START = "docker compose up --build --detach --wait"
UPLOAD_BYTES = 1024 * 1024
TIMEOUT = 10.0
DOCKER_TIMEOUT = 20
DENIED = "permission denied"


@dataclass(frozen=True, slots=True)
class DockerSetup:
    """Ports and URLs of the services of the compose file."""

    ports: Mapping[str, int]
    controller_url: str
    builder_url: str
    registry_url: str


def find(folder: Path, environ: Mapping[str, str], *, requested: bool) -> DockerSetup | None:
    """Return the Docker set-up of this folder or environment, or None if there is none.

    `requested` assumes one.
    """
    dotenv = folder / ".env"
    here = (folder / COMPOSE_FILE).is_file() and (requested or dotenv.is_file())
    if not (here or requested or environ.get("CONTROLLER_URL")):
        return None
    values = {**(_variables(dotenv) if here else {}), **environ}
    ports = {name: _port(values, name, port) for name, port in SERVICES.items()}
    registry = values.get("PLAT_REGISTRY") or f"localhost:{ports['registry']}"
    return DockerSetup(
        ports if here or requested else {},
        values.get("CONTROLLER_URL") or f"http://localhost:{ports['controller']}",
        values.get("BUILDER_URL") or f"http://localhost:{ports['builder']}",
        values.get("PLAT_REGISTRY_URL") or f"http://{registry}",
    )


def all_checks(setup: DockerSetup, environ: Mapping[str, str]) -> Iterator[CheckResult]:
    """Run every check of the set-up, in the order in which problems should be fixed."""
    yield daemon(required=True)
    yield compose()
    for name, number in setup.ports.items():
        yield port(name, number)
    yield service("controller", setup.controller_url)
    yield service("builder", setup.builder_url)
    yield registry(setup.registry_url, environ)


def daemon(*, required: bool) -> CheckResult:
    """Check that this user can reach the Docker daemon. Only the Docker set-up requires it."""
    bad: Level = "fail" if required else "ok"
    if shutil.which("docker") is None:
        text = "not installed" if required else "not installed; only the Docker set-up needs it"
        return CheckResult("docker", bad, text, "install Docker Engine with its compose plugin")
    try:
        done = _docker("info", "--format", "{{.ServerVersion}}")
    except subprocess.TimeoutExpired:
        text = f"the daemon did not respond within {DOCKER_TIMEOUT} s"
        return CheckResult(
            "docker", "fail" if required else "warn", text, "sudo systemctl restart docker"
        )
    if done.returncode == 0:
        return CheckResult("docker", "ok", f"the daemon responds ({done.stdout.strip()})")
    return unusable(done.stderr, bad)


def unusable(output: str, level: Level) -> CheckResult:
    """Return a result for the error output of `docker info`."""
    line = next(iter(output.strip().splitlines()), "no reason given")
    if DENIED in output.lower():
        text = "this user has no access to the Docker socket"
        return CheckResult(
            "docker", level, text, "sudo usermod --append --groups docker $USER; newgrp docker"
        )
    text = f"installed, but the daemon does not respond: {line[:200]}"
    return CheckResult(
        "docker", level, text, "sudo systemctl start docker   (or start Docker Desktop)"
    )


def compose() -> CheckResult:
    """Check that the compose plugin is installed."""
    done = _docker("compose", "version", "--short") if shutil.which("docker") else None
    if done is None or done.returncode:
        return CheckResult(
            "compose", "fail", "docker compose is missing", "install Docker's compose plugin"
        )
    return CheckResult("compose", "ok", done.stdout.strip())


def port(name: str, number: int) -> CheckResult:
    """Check that a port is free or published by a service of the compose file."""
    if port_free("127.0.0.1", number):
        return CheckResult("port", "ok", f"{number} is free, for the {name}")
    container, service = _publisher(number)
    if service in CONTAINERS.values():
        return CheckResult("port", "ok", f"{number} is published by {container}, for the {name}")
    holder = f"the container {container}" if container else port_holder(number)
    holder = holder or "another process"
    variable = f"{name.upper()}_PORT"
    fix = f"stop it, or choose another port: {variable}={number + 10000} {START}"
    return CheckResult("port", "fail", f"{holder} uses port {number} of the {name}", fix)


def _publisher(number: int) -> tuple[str, str]:
    """Return the container that publishes a port, and its compose service."""
    form = '{{.Names}} {{.Label "com.docker.compose.service"}}'
    done = _docker("ps", "--filter", f"publish={number}", "--format", form)
    container, _, service = done.stdout.strip().partition("\n")[0].partition(" ")
    return container, service


def service(name: str, url: str) -> CheckResult:
    """Check that a service is ready. The result contains its reason if it is not."""
    container = CONTAINERS[name]
    client = Client(url, timeout=TIMEOUT)
    try:
        response = client.send("GET", "/readyz")
        status, body = response.status, response.read(UPLOAD_BYTES)
    except (PlatError, OSError, HTTPException) as error:
        fix = START if is_loopback(url) else f"docker compose ps {container}"
        return CheckResult(name, "fail", f"no response from {url}: {_message(error)}", fix)
    finally:
        client.close()
    if status == 200:
        return CheckResult(name, "ok", f"ready at {url}")
    detail, fix = _problem(body)
    text = f"{url} is not ready ({status}): {detail}"
    return CheckResult(name, "fail", text, fix or f"docker compose logs {container}")


def registry(url: str, environ: Mapping[str, str]) -> CheckResult:
    """Check that the registry accepts an upload of one megabyte, which is then discarded."""
    try:
        status = _request(url, "GET", "/v2/", environ)[0]
        if status != 200:
            return CheckResult(
                "registry", "fail", f"{url} responds with {status}", "docker compose logs registry"
            )
        return _check_upload(url, environ)
    except (PlatError, OSError, HTTPException) as error:
        text = f"no response from {url}: {_message(error)}"
        return CheckResult("registry", "fail", text, "docker compose up --detach registry")


def _check_upload(url: str, environ: Mapping[str, str]) -> CheckResult:
    status, body, location = _request(url, "POST", "/v2/plat/doctor/blobs/uploads/", environ)
    if status == 202:
        status, body, moved = _request(url, "PATCH", location, environ, bytes(UPLOAD_BYTES))
        _request(url, "DELETE", moved or location, environ)
    if status == 202:
        return CheckResult("registry", "ok", f"{url} responds and has free space")
    text = body.decode(errors="replace")
    if "no space left" in text or "quota" in text or status == 507:
        return CheckResult("registry", "fail", f"{url} has no space left", "plat registry gc")
    text = f"{url} rejects uploads: {status} {text[:200].strip()}"
    return CheckResult("registry", "fail", text, "docker compose logs registry")


def _request(
    url: str, method: str, path: str, environ: Mapping[str, str], body: bytes | None = None
) -> tuple[int, bytes, str]:
    """Send a request and return its status, its body and the path of its Location header."""
    connection = connection_to(urlsplit(url), environ, TIMEOUT)
    try:
        connection.request(method, path, body, {"Content-Type": "application/octet-stream"})
        response = connection.getresponse()
        location = urlsplit(urljoin(url, response.headers.get("Location", "")))
        return (
            response.status,
            response.read(UPLOAD_BYTES),
            location._replace(scheme="", netloc="").geturl(),
        )
    finally:
        connection.close()


def _problem(body: bytes) -> tuple[str, str]:
    """Return the detail and fix of a problem document, or the text of another body."""
    try:
        document = json.loads(body)
        detail = document.get("detail") or document.get("checks") or document
        return str(detail), str(document.get("fix") or "")
    except (ValueError, AttributeError):
        return body[:200].decode(errors="replace").strip(), ""


def _message(error: Exception) -> str:
    return error.message if isinstance(error, PlatError) else str(error) or type(error).__name__


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["docker", *arguments]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=DOCKER_TIMEOUT
    )


def _port(values: Mapping[str, str], name: str, default: int) -> int:
    text = values.get(f"{name.upper()}_PORT", "")
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536 else default


def _variables(file: Path) -> dict[str, str]:
    """What an `.env` file sets; compose itself judges whether it is right."""
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs if value.strip()}
