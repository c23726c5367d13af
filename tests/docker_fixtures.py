"""Real Docker for any test: a client, an image of our own, a name for one test, and a clean end.

Everything carries an instance label that no other session has; at the end nothing of it is left.
"""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from plat_core.backends.docker.spec import INSTANCE

IMAGE_FOLDER = Path(__file__).parent / "docker" / "image"


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def docker_client() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="session")
def docker_image(docker_client: docker.DockerClient) -> Iterator[str]:
    tag = f"plat-test-{uuid.uuid4().hex[:8]}:1"
    docker_client.images.build(path=str(IMAGE_FOLDER), tag=tag, rm=True)
    yield tag
    docker_client.images.remove(tag, force=True)


@pytest.fixture
def docker_instance(docker_client: docker.DockerClient) -> Iterator[str]:
    instance = f"plat-test-{uuid.uuid4().hex[:8]}"
    yield instance
    mine = {"label": f"{INSTANCE}={instance}"}
    for container in docker_client.containers.list(all=True, filters=mine):
        container.remove(force=True, v=True)
    for volume in docker_client.volumes.list(filters=mine):
        volume.remove(force=True)
    for network in docker_client.networks.list(filters=mine):
        network.remove()
