"""From a source to a running function through a registry, and the failures on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import docker
import httpx
import pytest
from plat_builder import runtimes
from plat_builder.daemon import Daemon
from plat_builder.engines.docker import DockerEngine
from plat_builder.images.connection import connect
from plat_builder.images.registry import Registry
from plat_builder.settings import RegistrySettings, read
from plat_core.model.build import BuildEvent, BuildOptions, Failed, Finished, LogLine, Step
from plat_core.ports import Workload

from ..docker_fixtures import free_port
from .conftest import PATIENCE, REF, Platform, call

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(600)]

OPTIONS = BuildOptions(name="orders")
Engines = Callable[..., DockerEngine]
TEMPLATE = Path(__file__).parents[2] / "runtimes" / "python-flask" / "template"


@pytest.fixture
def registry(docker_client: docker.DockerClient) -> Iterator[str]:
    """An empty registry on a free port, by the name that Docker's daemon uses."""
    port = free_port()  # a port that Docker chose would be another one after a restart
    box = docker_client.containers.run(
        "registry:2", detach=True, ports={"5000/tcp": ("127.0.0.1", port)}
    )
    try:
        address = f"localhost:{port}"
        deadline = time.monotonic() + PATIENCE
        while not _answers(f"http://{address}/v2/"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield address
    finally:
        box.remove(force=True, v=True)
        for image in docker_client.images.list():
            for tag in image.tags:
                if tag.startswith(f"{address}/"):
                    docker_client.images.remove(tag, force=True)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
async def engine(platform: Platform) -> AsyncIterator[Callable[..., DockerEngine]]:
    """Build engines that push to that registry; keywords change their settings."""
    opened: list[Registry | Daemon] = []

    def make(registry: str, **changes: float) -> DockerEngine:
        where = RegistrySettings(registry, f"http://{registry}", instance=platform.policy.instance)
        settings = replace(read(), registry=where, **changes)  # type: ignore[arg-type]
        client, daemon = connect(settings), Daemon(settings)
        opened.extend((client, daemon))
        return DockerEngine(
            runtimes=runtimes.find(), registry=client, daemon=daemon, settings=settings
        )

    yield make
    for one in opened:
        if isinstance(one, Registry):
            await one.close()
        else:
            one.close()


async def built(engine: DockerEngine, source: Path) -> list[BuildEvent]:
    return [event async for event in engine.build(source, OPTIONS)]


def source(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


async def test_builds_a_template_and_runs_the_image_by_digest(
    registry: str, platform: Platform, engine: Engines
) -> None:
    builder = engine(registry)
    events = await built(builder, TEMPLATE)
    finished = events[-1]
    assert isinstance(finished, Finished), finished
    assert finished.image == f"{registry}/orders@sha256:{finished.digest}"
    assert (finished.runtime, finished.handler) == ("python-flask", "app:app")
    assert [e.name for e in events if isinstance(e, Step)] == ["image", "push"]
    again = await built(builder, TEMPLATE)
    assert again[-1] == finished.model_copy(update={"unchanged": True})
    assert not any(isinstance(event, Step) and event.name == "push" for event in again)
    platform.client.images.remove(finished.image, force=True)
    [replica] = await platform.run(image=finished.image)
    assert (await call(replica, "/")).status_code == 200
    assert replica.failure is None


async def test_builds_with_the_dockerfile_of_the_user(
    registry: str, platform: Platform, tmp_path: Path, engine: Engines
) -> None:
    folder = source(tmp_path / "own", hello_txt="hello from my own image\n")
    (folder / "Dockerfile").write_text(f"FROM {platform.image}\nCOPY hello.txt /srv/hello.txt\n")
    finished = (await built(engine(registry), folder))[-1]
    assert isinstance(finished, Finished), finished
    assert finished.runtime == "dockerfile"
    [replica] = await platform.run(image=finished.image)
    assert (await call(replica, "/read?/srv/hello.txt")).text == "hello from my own image\n"


async def test_a_failing_step_ends_the_build_with_its_output(
    registry: str, platform: Platform, tmp_path: Path, engine: Engines
) -> None:
    folder = source(tmp_path / "bad")
    (folder / "Dockerfile").write_text(f"FROM {platform.image}\nRUN echo so it goes && exit 3\n")
    events = await built(engine(registry), folder)
    assert isinstance(events[-1], Failed)
    assert (events[-1].code, "code: 3" in events[-1].message) == ("build-failed", True)
    assert "so it goes" in [event.text for event in events if isinstance(event, LogLine)]


async def test_ends_a_build_after_its_timeout(
    registry: str, platform: Platform, tmp_path: Path, engine: Engines
) -> None:
    folder = source(tmp_path / "slow")
    (folder / "Dockerfile").write_text(f"FROM {platform.image}\nRUN sleep 60\n")
    event = (await built(engine(registry, timeout=2), folder))[-1]
    assert isinstance(event, Failed)
    assert "2 s" in event.message


async def test_a_build_without_the_registry_fails_with_its_fix(
    platform: Platform, tmp_path: Path, engine: Engines
) -> None:
    folder = source(tmp_path / "lost")
    (folder / "Dockerfile").write_text(f"FROM {platform.image}\n")
    event = (await built(engine("localhost:1"), folder))[-1]
    assert isinstance(event, Failed)
    assert (event.code, "registry" in event.fix) == ("unavailable", True)


async def test_an_image_missing_in_its_registry_fails_the_deploy(
    registry: str, platform: Platform
) -> None:
    revision = platform.revision(image=f"{registry}/nothing@sha256:{'0' * 64}")
    await platform.workloads.apply(Workload(REF, {1: 1}, {1: revision}))
    replica = await platform.until_state("waiting")
    async with asyncio.timeout(PATIENCE):
        while replica.restarts < 2:
            # each attempt fails this way and is reported once: there is no container to remove
            assert replica.failure is not None
            assert replica.failure.reason == "ImageNotFound"
            await asyncio.sleep(0.05)
            [replica] = await platform.workloads.observe(REF)
    assert replica.failure is not None
    assert replica.failure.reason == "ImageNotFound"


async def test_retries_until_the_registry_is_reachable(
    registry: str, platform: Platform, docker_client: docker.DockerClient
) -> None:
    name = f"{registry}/late"
    docker_client.images.get(platform.image).tag(name, "1")
    docker_client.images.push(name, "1")
    docker_client.images.remove(f"{name}:1")
    [box] = [
        c
        for c in docker_client.containers.list()
        if any(p and p[0]["HostPort"] == registry.partition(":")[2] for p in c.ports.values())
    ]
    box.stop(timeout=1)
    revision = platform.revision(image=f"{name}:1")
    await platform.workloads.apply(Workload(REF, {1: 1}, {1: revision}))
    waiting = await platform.until_state("waiting")
    assert waiting.failure is not None
    assert (waiting.failure.reason, waiting.restarts) == ("ImageUnavailable", 0)
    await asyncio.to_thread(box.start)
    await platform.until_state("ready")
    await platform.workloads.close()
