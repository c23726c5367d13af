"""A project of the compose file as a user starts it, with separate ports and a separate token."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import httpx
from plat_backends.docker.spec import FUNCTION, INSTANCE

from ..docker_fixtures import IMAGE_FOLDER, free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 90
BUILT = ("gateway", "function-controller", "builder", "registry")
"""The services that have an image of their own."""
TOKEN = "a-token-of-the-tests"
VIEWER_TOKEN = "viewers-token-of-the-tests"
BESIDE_PROXY = "beside.company.test"
"""A host of a company that is reached beside its proxy."""


class Compose:
    """One project of the compose file on separate ports."""

    def __init__(
        self, client: docker.DockerClient, image: str, environment: Mapping[str, str]
    ) -> None:
        self.client = client
        self.image = image
        self.environment = environment
        self.project = f"plat-test-{uuid.uuid4().hex[:8]}"
        self.ports = {
            name: free_port()
            for name in ("GATEWAY", "CONTROLLER", "BUILDER", "REGISTRY", "METADATA")
        }
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.ports['GATEWAY']}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=PATIENCE,
            trust_env=False,
        )

    @property
    def url(self) -> str:
        """URL of the gateway."""
        return f"http://localhost:{self.ports['GATEWAY']}"

    def run(self, *arguments: str) -> str:
        environment = {f"{name}_PORT": str(port) for name, port in self.ports.items()}
        done = subprocess.run(
            ["docker", "compose", "-p", self.project, *arguments],
            cwd=ROOT,
            env={**os.environ, **environment, "AUTH_TOKEN": TOKEN, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def service(self, name: str) -> Any:
        return self.client.containers.get(f"{self.project}-{name}-1")

    def functions(self, name: str | None = None) -> list[Any]:
        labels = [f"{INSTANCE}={self.project}"] + ([f"{FUNCTION}={name}"] if name else [])
        filters = {"label": labels}
        return list(self.client.containers.list(all=True, filters=filters, ignore_removed=True))

    def images(self) -> list[Any]:
        """Images that were pulled from the registry of this project."""
        port = self.ports["REGISTRY"]
        references = [f"localhost:{port}/*", f"localhost:{port}/plat/*"]
        return list(self.client.images.list(filters={"reference": references}))

    def deploy(self, name: str, **spec: Any) -> None:
        body = {"name": name, "image": self.image, **spec}
        answer = self.http.post("/register", json=body)
        assert answer.status_code in (200, 201), answer.text
        until(lambda: self.reason(name) == "Serving")

    def send(self, name: str, source: str) -> httpx.Response:
        return self.http.post("/build", params={"name": name}, json={"inline": {"app.py": source}})

    def build(self, name: str, source: str) -> dict[str, Any]:
        answer = self.send(name, source)
        assert answer.status_code == 200, answer.text
        finished: dict[str, Any] = answer.json()
        return finished

    def deploy_source(self, name: str, source: str) -> dict[str, Any]:
        finished = self.build(name, source)
        self.deploy(name, image=finished["image"])
        return finished

    def reason(self, name: str) -> str:
        status = self.http.get(f"/functions/{name}").json()["status"]
        [reason] = [c["reason"] for c in status["conditions"] if c["type"] == "Ready"] or [""]
        return str(reason)

    def call(self, name: str, path: str = "/") -> httpx.Response:
        return self.http.get(f"/function/{name}{path}")

    def accept(self, name: str, path: str = "/") -> str:
        """Enqueue an asynchronous call and return its id."""
        answer = self.http.get(f"/async-function/{name}{path}")
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def states(self, name: str) -> dict[str, str]:
        """Return the state of each call of a function."""
        answer = self.http.get("/calls", params={"function": name})
        return {call["id"]: call["state"] for call in answer.json()["items"]}

    def crash(self, name: str) -> None:
        """Kill the process from outside Docker, so that the restart policy applies."""
        service = self.service(name)
        service.reload()
        os.kill(service.attrs["State"]["Pid"], signal.SIGKILL)


def until(true: Callable[[], bool]) -> None:
    """Wait until a condition holds; a connection error counts as false."""
    deadline = time.monotonic() + PATIENCE
    while not _holds(true):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.2)


def _holds(true: Callable[[], bool]) -> bool:
    try:
        return true()
    except httpx.TransportError:
        return False


def _take_away(compose: Compose) -> None:
    """Remove functions before their network, which cannot be removed earlier.

    Docker up to 20.10 may keep the endpoint of a container that was removed during its start. The
    unused network then remains (https://github.com/moby/moby/issues/23302).
    """
    for container in compose.functions():
        container.remove(force=True)
    try:
        compose.run("down", "--volumes", "--rmi", "local", "--timeout", "1")
    except AssertionError as error:
        mine = compose.client.networks.list(names=[f"{compose.project}-functions"], greedy=True)
        if "has active endpoints" not in str(error) or any(n.containers for n in mine):
            raise


@contextmanager
def composed(*services: str, like: Compose | None = None, **environment: str) -> Iterator[Compose]:
    """Run a project with these variables, and remove all of it at the end.

    `services`: services to start in addition to the gateway, with their dependencies; by default
    all of the file. `like`: a project whose images are used instead of new ones.
    """
    client = docker.from_env()
    tag = f"plat-test-{uuid.uuid4().hex[:8]}:1"
    client.images.build(path=str(IMAGE_FOLDER), tag=tag, rm=True)
    compose = Compose(client, tag, environment)
    try:
        up = ("up", "--no-build" if like else "--build", "--detach", "--wait")
        for part in BUILT if like else ():
            client.images.get(f"{like.project}-{part}").tag(f"{compose.project}-{part}")
        compose.run(*up, *services)
        if services:
            compose.run(*up, "--no-deps", "gateway")
        yield compose
    finally:
        compose.run("stop")
        _take_away(compose)
        for image in client.images.list(
            filters={"reference": f"localhost:{compose.ports['REGISTRY']}/*"}
        ):
            client.images.remove(image.id, force=True)
        client.images.remove(tag, force=True)
        compose.http.close()
        client.close()
