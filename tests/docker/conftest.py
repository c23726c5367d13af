"""Real Docker for one test session: a client, an image of its own, and a clean end.

Everything carries an instance label that no other session has; at the end nothing of it is left.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
from plat_core.backends.docker import ContainerPolicy, DockerWorkloads, Engine
from plat_core.backends.docker.spec import INSTANCE
from plat_core.backends.memory import MemorySecretStore

IMAGE_FOLDER = Path(__file__).parent / "image"


@pytest.fixture(scope="session")
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(client: docker.DockerClient) -> Iterator[str]:
    tag = f"plat-test-{uuid.uuid4().hex[:8]}:1"
    client.images.build(path=str(IMAGE_FOLDER), tag=tag, rm=True)
    yield tag
    client.images.remove(tag, force=True)


@pytest.fixture
def policy(client: docker.DockerClient) -> Iterator[ContainerPolicy]:
    instance = f"plat-test-{uuid.uuid4().hex[:8]}"
    yield ContainerPolicy(instance=instance, network=instance)
    mine = {"label": f"{INSTANCE}={instance}"}
    for container in client.containers.list(all=True, filters=mine):
        container.remove(force=True, v=True)
    for volume in client.volumes.list(filters=mine):
        volume.remove(force=True)
    for network in client.networks.list(filters=mine):
        network.remove()


@dataclass
class Platform:
    """A backend and what it was made of."""

    workloads: DockerWorkloads
    engine: Engine
    secrets: MemorySecretStore


@pytest.fixture
async def platform(policy: ContainerPolicy) -> AsyncIterator[Platform]:
    engine = await Engine.connect()
    secrets = MemorySecretStore()
    workloads = await DockerWorkloads.open(engine, secrets=secrets, policy=policy)
    yield Platform(workloads, engine, secrets)
    await workloads.close()
    await engine.close()
