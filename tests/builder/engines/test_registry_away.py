"""`plat deploy` to a registry whose disk is full, and to one that is down: what its user reads."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from plat_builder import image_plan, runtimes
from plat_builder.engines.layers import LayersEngine
from plat_builder.images.connection import connect
from plat_builder.images.mirroring import copy_base_images
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import MIB
from plat_core.services.tokens import DEV_TOKEN

from tests.builder.conftest import HELLO, build
from tests.builder.engines.conftest import PATIENCE, Place, free_port, registry_container

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]

FILL = "dd if=/dev/zero of=/var/lib/registry/filler bs=4k; true"
COLLECT = ["registry", "garbage-collect", "/etc/docker/registry/config.yml"]
PLAT = Path(sys.executable).with_name("plat")


@pytest.fixture(scope="module")
def small(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A registry with little room: the base image of `python`, and a large function."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "runtimes").mkdir()
    (folder / "runtimes" / "python").symlink_to(runtimes.find() / "python")
    (folder / "large").mkdir()
    (folder / "large" / "app.py").write_text(HELLO)
    (folder / "large" / "data").write_bytes(os.urandom(4 * MIB))
    with registry_container(place.client, tmpfs={"/var/lib/registry": "size=512m"}) as small:
        asyncio.run(_copy(RuntimeCatalog(folder / "runtimes"), small, place))
        asyncio.run(_build(folder, small))
        yield small


async def _copy(catalog: RuntimeCatalog, here: Place, there: Place) -> None:
    ends = [(connect(one.settings), image_plan.image_names(one.settings)) for one in (here, there)]
    async for line in copy_base_images(catalog, *ends):
        assert "is copied" in line
    for registry, _ in ends:
        await registry.close()


async def _build(folder: Path, place: Place) -> None:
    registry = connect(place.settings)
    engine = LayersEngine(
        folder, runtimes=folder / "runtimes", registry=registry, settings=place.settings
    )
    assert (await build(engine, folder / "large", "large")).finished.image
    await registry.close()


@pytest.fixture(scope="module")
def builder(small: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The builder as a process, before that registry."""
    port = free_port()
    environment = {
        "PLAT_PORT": str(port),
        "PLAT_HOME": str(tmp_path_factory.mktemp("builder")),
        "PLAT_REGISTRY": small.settings.registry.name,
    }
    command = [sys.executable, "-m", "plat_builder"]
    with subprocess.Popen(command, env={**os.environ, **environment}) as process:
        url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
        while not _answers(url):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield url
        process.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).is_success
    except httpx.TransportError:
        return False


def deploy(builder: str, folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Deploy edited code; nobody is there to run it, which is told after the build."""
    (folder / "app.py").write_text(HELLO + code)
    nowhere = f"http://127.0.0.1:{free_port()}"
    return subprocess.run(
        [PLAT, "deploy", folder, "--name", "crammed"],
        env={**os.environ, "BUILDER_URL": builder, "API_URL": nowhere, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_full_registry_is_told_with_what_makes_room(
    small: Place, builder: str, tmp_path: Path
) -> None:
    small.container.exec_run(["sh", "-c", FILL])
    refused = deploy(builder, tmp_path, "# full\n")
    assert refused.returncode != 0
    assert f"the registry {small.settings.registry.url} has no room left" in refused.stderr
    assert "plat registry gc" in refused.stderr
    # what it says to do is possible with a full disk, and helps
    headers = {"Authorization": f"Bearer {DEV_TOKEN}"}
    answer = httpx.post(
        f"{builder}/registry/gc",
        json={"images": [], "dryRun": False},
        headers=headers,
        trust_env=False,
    )
    assert "large@" in answer.text
    assert small.container.exec_run(COLLECT).exit_code == 0
    assert "has no room left" not in deploy(builder, tmp_path, "# full\n").stderr


def test_a_registry_that_is_down_is_told_with_what_starts_it(
    small: Place, builder: str, tmp_path: Path
) -> None:
    small.container.stop(timeout=1)
    refused = deploy(builder, tmp_path, "# down\n")
    assert refused.returncode != 0
    assert f"the registry {small.settings.registry.url} does not answer" in refused.stderr
    assert "docker compose up --detach registry" in refused.stderr
