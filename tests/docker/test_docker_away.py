"""Docker is unreachable for a while, which is no failure of a function."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import docker
import pytest
from plat_backends.docker import ContainerPolicy, DockerWorkloads, Engine
from plat_backends.memory import MemorySecretStore
from plat_core.errors import Unavailable
from plat_core.ports import Replica
from plat_core.services.reasons import FINAL_REASONS

from ..relay import Relay
from .conftest import QUICK, REF, Platform, call

pytestmark = pytest.mark.docker
DOCKER = "/var/run/docker.sock"


@pytest.fixture
async def way() -> AsyncIterator[Relay]:
    """A relay to Docker at the socket `path`, for the platform only."""
    relay = Relay(lambda: asyncio.open_unix_connection(DOCKER))
    # the path of a socket has at most 107 characters
    folder = Path(tempfile.mkdtemp(prefix="plat-r-", dir="/tmp"))
    await relay.at_socket(folder / "docker.sock")
    yield relay
    await relay.cut()
    shutil.rmtree(folder)


@pytest.fixture
async def platform(
    docker_client: docker.DockerClient, policy: ContainerPolicy, docker_image: str, way: Relay
) -> AsyncIterator[Platform]:
    """A platform whose connection to Docker can be cut, unlike that of the test."""
    engine = Engine(docker.APIClient(f"unix://{way.path}", version=docker_client.api.api_version))
    secrets = MemorySecretStore()
    workloads = await DockerWorkloads.open(engine, secrets=secrets, policy=policy, timing=QUICK)
    yield Platform(docker_client, workloads, engine, secrets, policy, docker_image)
    await workloads.close()
    await engine.close()


async def test_an_exit_without_docker_does_not_fail_the_revision(
    platform: Platform, way: Relay
) -> None:
    [replica] = await platform.run()
    result: list[Replica] = []

    def waiting_for(seen: list[Replica], state: str) -> bool:
        result.extend(seen)
        return [r.state for r in seen] == [state]

    await way.refuse()
    platform.container(replica).kill()
    [silent] = await platform.until(lambda seen: waiting_for(list(seen), "unready"))
    assert silent.endpoint is None
    assert silent.failure is not None
    assert silent.failure.reason == "DockerUnavailable"
    way.accept()
    [back] = await platform.until(lambda seen: waiting_for(list(seen), "ready"))
    assert back.id == replica.id
    assert not {r.failure.reason for r in result if r.failure} & FINAL_REASONS


async def test_keeps_responsive_replicas_ready_without_docker(
    platform: Platform, way: Relay
) -> None:
    [replica] = await platform.run()
    await way.refuse()
    with pytest.raises(Unavailable):
        await platform.engine.list({})
    [still] = await platform.workloads.observe(REF)
    assert still.state == "ready"
    assert (await call(replica, "/")).status_code == 200
    way.accept()
