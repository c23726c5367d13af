"""A real registry with real base images, and both image engines over it."""

from __future__ import annotations

import asyncio
import os
import socket
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import docker
import httpx
import pytest
from docker.models.containers import Container
from plat_builder import runtimes
from plat_builder.daemon import Daemon
from plat_builder.engines.docker import DockerEngine
from plat_builder.engines.layers import LayersEngine
from plat_builder.images.connection import connect
from plat_builder.images.registry import Registry
from plat_builder.runtime_images import BaseImagePublisher
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings, RegistrySettings
from plat_core.ports import Builder

from tests.builder.conftest import SETTINGS

PATIENCE = 90
ENGINES = ("layers", "docker")


@dataclass
class Place:
    """A registry container, and the settings by which builders find it."""

    client: docker.DockerClient
    container: Container
    settings: BuildSettings

    def remove_images(self) -> None:
        """Take from Docker what was built or pulled."""
        prefix = self.settings.registry.name + "/"
        for image in self.client.images.list():
            for name in (*image.tags, *(image.attrs.get("RepoDigests") or ())):
                if name.startswith(prefix):
                    with suppress(docker.errors.ImageNotFound):  # its other name took it along
                        self.client.images.remove(name, force=True)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def registry_container(client: docker.DockerClient, **options: object) -> Iterator[Place]:
    """A registry:2 with nothing in it."""
    port = free_port()
    container = client.containers.run(
        "registry:2",
        name=f"plat-test-registry-{uuid.uuid4().hex[:8]}",
        environment={"REGISTRY_STORAGE_DELETE_ENABLED": "true", "REGISTRY_LOG_LEVEL": "error"},
        ports={"5000/tcp": ("127.0.0.1", port)},
        detach=True,
        **options,
    )
    name = f"localhost:{port}"
    here = RegistrySettings(name=name, url=f"http://{name}", instance="plat-test")
    place = Place(client, container, replace(SETTINGS, registry=here))
    try:
        _wait_for(f"{place.settings.registry.url}/v2/")
        yield place
    finally:
        place.remove_images()
        container.remove(force=True, v=True)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _answers(url):
        assert time.monotonic() < deadline, "the registry does not start"
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """A registry that has the base image of every runtime."""
    client = docker.from_env()
    with registry_container(client) as place:
        asyncio.run(seed(place.settings))
        yield place
    client.close()


async def seed(settings: BuildSettings) -> list[str]:
    """Build and push the base images; what was said."""
    registry, daemon = connect(settings), Daemon(settings)
    catalog = RuntimeCatalog(runtimes.find())
    seeder = BaseImagePublisher(catalog, registry=registry, daemon=daemon, settings=settings)
    try:
        return [line async for line in seeder.seed()]
    finally:
        daemon.close()
        await registry.close()


@pytest.fixture
async def registry(place: Place) -> AsyncIterator[Registry]:
    registry = connect(place.settings)
    yield registry
    await registry.close()


@pytest.fixture
async def make(
    place: Place, registry: Registry, tmp_path: Path
) -> AsyncIterator[Callable[..., Builder]]:
    """Engines by name, each with a home of its own; keywords change the settings."""
    opened: list[Daemon] = []

    def make(kind: str, **changes: object) -> Builder:
        settings = replace(place.settings, **changes)  # type: ignore[arg-type]
        home, catalog = tmp_path / uuid.uuid4().hex, runtimes.find()
        if kind == "layers":
            return LayersEngine(home, runtimes=catalog, registry=registry, settings=settings)
        opened.append(Daemon(settings))
        return DockerEngine(
            runtimes=catalog, registry=registry, daemon=opened[-1], settings=settings
        )

    yield make
    for daemon in opened:
        daemon.close()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, make: Callable[..., Builder]) -> Builder:
    return make(request.param)


@pytest.fixture
def name() -> str:
    """A function of this test alone."""
    return f"fn-{uuid.uuid4().hex[:8]}"


class Running:
    """A container of an image, locked up as the platform would: read-only, with any user."""

    def __init__(self, place: Place, image: str, environment: dict[str, str]) -> None:
        port = free_port()
        self.container: Container = place.client.containers.run(
            image,
            name=f"plat-test-{uuid.uuid4().hex[:8]}",
            user=f"{os.getpid() % 50_000 + 10_000}:54321",
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            tmpfs={"/tmp": "mode=1777"},
            environment={"PLAT_LOG_TAGS": "1", **environment},
            ports={"8080/tcp": ("127.0.0.1", port)},
            detach=True,
        )
        self.url = f"http://127.0.0.1:{port}"

    async def ready(self) -> None:
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(trust_env=False) as http:
            while True:
                self.container.reload()
                assert self.container.status != "exited", self.logs()
                try:
                    if (await http.get(f"{self.url}/_/ready")).status_code == 200:
                        return
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)

    async def call(self, path: str = "/", method: str = "GET", **options: object) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
            return await http.request(method, self.url + path, **options)  # type: ignore[arg-type]

    def logs(self) -> str:
        return bytes(self.container.logs()).decode()

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.container.stop(timeout=PATIENCE)
        return int(self.container.wait()["StatusCode"])


@pytest.fixture
async def run(place: Place) -> AsyncIterator[Callable[..., object]]:
    running: list[Running] = []

    async def run(image: str, **environment: str) -> Running:
        running.append(Running(place, image, environment))
        await running[-1].ready()
        return running[-1]

    yield run
    for one in running:
        one.container.remove(force=True)
