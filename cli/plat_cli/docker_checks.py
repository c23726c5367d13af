"""What `plat doctor` looks at where the Docker set-up is meant: Docker, its ports, its services.

It is meant where CONTROLLER_URL is set, in a clone of plat with an `.env`, and where the user says
so. Ports and addresses are those of the environment, then those of that file.
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
ROOM_BYTES = 1024 * 1024
SECONDS = 10.0
DOCKER_SECONDS = 20
DENIED = "permission denied"


@dataclass(frozen=True, slots=True)
class DockerSetup:
    """Where the services of the compose file are, as this shell would start and reach them."""

    ports: Mapping[str, int]
    controller_url: str
    builder_url: str
    registry_url: str


def find(folder: Path, environ: Mapping[str, str], *, asked: bool) -> DockerSetup | None:
    """The set-up that is meant here; None where none is, and none was `asked` for."""
    dotenv = folder / ".env"
    here = (folder / COMPOSE_FILE).is_file() and (asked or dotenv.is_file())
    if not (here or asked or environ.get("CONTROLLER_URL")):
        return None
    values = {**(_variables(dotenv) if here else {}), **environ}
    ports = {name: _port(values, name, port) for name, port in SERVICES.items()}
    registry = values.get("PLAT_REGISTRY") or f"localhost:{ports['registry']}"
    return DockerSetup(
        ports if here or asked else {},
        values.get("CONTROLLER_URL") or f"http://localhost:{ports['controller']}",
        values.get("BUILDER_URL") or f"http://localhost:{ports['builder']}",
        values.get("PLAT_REGISTRY_URL") or f"http://{registry}",
    )


def all_checks(setup: DockerSetup, environ: Mapping[str, str]) -> Iterator[CheckResult]:
    """Every check of the set-up, in the order in which a problem should be mended."""
    yield daemon(required=True)
    yield compose()
    for name, number in setup.ports.items():
        yield port(name, number)
    yield service("controller", setup.controller_url)
    yield service("builder", setup.builder_url)
    yield registry(setup.registry_url, environ)


def daemon(*, required: bool) -> CheckResult:
    """Docker's daemon answers to this user; only the Docker set-up needs it."""
    bad: Level = "fail" if required else "ok"
    if shutil.which("docker") is None:
        text = "not installed" if required else "not installed; only the docker set-up needs it"
        return CheckResult("docker", bad, text, "install Docker Engine with its compose plugin")
    try:
        done = _docker("info", "--format", "{{.ServerVersion}}")
    except subprocess.TimeoutExpired:
        text = f"its daemon did not answer within {DOCKER_SECONDS} s"
        return CheckResult(
            "docker", "fail" if required else "warn", text, "sudo systemctl restart docker"
        )
    if done.returncode == 0:
        return CheckResult("docker", "ok", f"its daemon answers ({done.stdout.strip()})")
    return unusable(done.stderr, bad)


def unusable(said: str, level: Level) -> CheckResult:
    """What the client said instead of the daemon's version, in words that say what to do."""
    line = next(iter(said.strip().splitlines()), "it gave no reason")
    if DENIED in said.lower():
        text = "this user may not use its socket"
        return CheckResult(
            "docker", level, text, "sudo usermod --append --groups docker $USER; newgrp docker"
        )
    text = f"installed, its daemon does not answer: {line[:200]}"
    return CheckResult(
        "docker", level, text, "sudo systemctl start docker   (or start Docker Desktop)"
    )


def compose() -> CheckResult:
    """The compose plugin is there."""
    done = _docker("compose", "version", "--short") if shutil.which("docker") else None
    if done is None or done.returncode:
        return CheckResult(
            "compose", "fail", "docker compose is missing", "install Docker's compose plugin"
        )
    return CheckResult("compose", "ok", done.stdout.strip())


def port(name: str, number: int) -> CheckResult:
    """A published port is free, or held by Docker."""
    if port_free("127.0.0.1", number):
        return CheckResult("port", "ok", f"{number} is free, for the {name}")
    container, service = _publisher(number)
    if service in CONTAINERS.values():
        return CheckResult("port", "ok", f"{number} is published by {container}, for the {name}")
    holder = f"the container {container}" if container else port_holder(number)
    holder = holder or "another process"
    variable = f"{name.upper()}_PORT"
    fix = f"end it, or take another port: {variable}={number + 10000} {START}"
    return CheckResult("port", "fail", f"{holder} holds {number}, the {name}'s port", fix)


def _publisher(number: int) -> tuple[str, str]:
    """The container that publishes a port, and which service of a compose file it is."""
    form = '{{.Names}} {{.Label "com.docker.compose.service"}}'
    done = _docker("ps", "--filter", f"publish={number}", "--format", form)
    container, _, service = done.stdout.strip().partition("\n")[0].partition(" ")
    return container, service


def service(name: str, url: str) -> CheckResult:
    """A service answers and is ready; what it lacks is told in its words."""
    container = CONTAINERS[name]
    client = Client(url, timeout=SECONDS)
    try:
        answer = client.send("GET", "/readyz")
        status, body = answer.status, answer.read(ROOM_BYTES)
    except (PlatError, OSError, HTTPException) as error:
        fix = START if is_loopback(url) else f"docker compose ps {container}"
        return CheckResult(name, "fail", f"nothing answers at {url}: {_words(error)}", fix)
    finally:
        client.close()
    if status == 200:
        return CheckResult(name, "ok", f"ready at {url}")
    detail, fix = _problem(body)
    text = f"{url} is not ready ({status}): {detail}"
    return CheckResult(name, "fail", text, fix or f"docker compose logs {container}")


def registry(url: str, environ: Mapping[str, str]) -> CheckResult:
    """The registry answers, and takes a megabyte, which it forgets again."""
    try:
        status = _ask(url, "GET", "/v2/", environ)[0]
        if status != 200:
            return CheckResult(
                "registry", "fail", f"{url} answers {status}", "docker compose logs registry"
            )
        return _room(url, environ)
    except (PlatError, OSError, HTTPException) as error:
        text = f"nothing answers at {url}: {_words(error)}"
        return CheckResult("registry", "fail", text, "docker compose up --detach registry")


def _room(url: str, environ: Mapping[str, str]) -> CheckResult:
    status, body, place = _ask(url, "POST", "/v2/plat/doctor/blobs/uploads/", environ)
    if status == 202:
        status, body, moved = _ask(url, "PATCH", place, environ, bytes(ROOM_BYTES))
        _ask(url, "DELETE", moved or place, environ)
    if status == 202:
        return CheckResult("registry", "ok", f"{url} answers, and has room")
    said = body.decode(errors="replace")
    if "no space left" in said or "quota" in said or status == 507:
        return CheckResult("registry", "fail", f"{url} has no room left", "plat registry gc")
    text = f"{url} takes no upload: {status} {said[:200].strip()}"
    return CheckResult("registry", "fail", text, "docker compose logs registry")


def _ask(
    url: str, method: str, path: str, environ: Mapping[str, str], body: bytes | None = None
) -> tuple[int, bytes, str]:
    """One request: status, body, and where it says that things go on."""
    connection = connection_to(urlsplit(url), environ, SECONDS)
    try:
        connection.request(method, path, body, {"Content-Type": "application/octet-stream"})
        answer = connection.getresponse()
        place = urlsplit(urljoin(url, answer.headers.get("Location", "")))
        return answer.status, answer.read(ROOM_BYTES), place._replace(scheme="", netloc="").geturl()
    finally:
        connection.close()


def _problem(body: bytes) -> tuple[str, str]:
    """Detail and fix of a problem document; or what stands there instead."""
    try:
        document = json.loads(body)
        detail = document.get("detail") or document.get("checks") or document
        return str(detail), str(document.get("fix") or "")
    except (ValueError, AttributeError):
        return body[:200].decode(errors="replace").strip(), ""


def _words(error: Exception) -> str:
    return error.message if isinstance(error, PlatError) else str(error) or type(error).__name__


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["docker", *arguments]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=DOCKER_SECONDS
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
