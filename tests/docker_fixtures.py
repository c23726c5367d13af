"""Fixtures for real Docker: a client, a test image, an instance name, and their removal.

All objects carry a unique instance label, by which they are removed at the end.
"""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import docker
import psycopg
import pytest
from docker.models.containers import Container
from plat_backends.docker.spec import INSTANCE

IMAGE_FOLDER = Path(__file__).parent / "docker" / "image"
POSTGRES_PASSWORD = "p%40ss%2Fword"
"""Percent-encoded, as in a URL."""


def free_port() -> int:
    """Return a free port of the loopback interface."""
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


@pytest.fixture(scope="session")
def postgres_server(docker_client: docker.DockerClient) -> Iterator[Container]:
    """A Postgres server for this session at 127.0.0.1."""
    name = f"plat-test-{uuid.uuid4().hex[:8]}"
    server = docker_client.containers.run(
        "postgres:17",
        command=["postgres", "-c", "fsync=off"],
        name=name,
        detach=True,
        environment={"POSTGRES_USER": "plat", "POSTGRES_PASSWORD": unquote(POSTGRES_PASSWORD)},
        ports={"5432/tcp": ("127.0.0.1", free_port())},
        tmpfs={"/var/lib/postgresql/data": ""},
    )
    try:
        _until_answers(server)
        yield server
    finally:
        server.remove(force=True, v=True)


@pytest.fixture
def postgres_url(postgres_server: Container) -> Iterator[str]:
    """URL of an empty database for one test."""
    name = f"test_{uuid.uuid4().hex[:8]}"
    with postgres_connection(postgres_server) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_at(postgres_server, name)
    with postgres_connection(postgres_server) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def postgres_at(server: Container, database: str) -> str:
    """Return the URL of a database of that server."""
    [bound] = server.ports["5432/tcp"]
    return f"postgresql://plat:{POSTGRES_PASSWORD}@127.0.0.1:{bound['HostPort']}/{database}"


def postgres_connection(server: Container) -> psycopg.Connection[Any]:
    """Return an autocommit connection apart from those of plat."""
    return psycopg.connect(postgres_at(server, "postgres"), autocommit=True, connect_timeout=5)


def _until_answers(server: Container) -> None:
    deadline = time.monotonic() + 60
    while True:
        server.reload()
        try:
            postgres_connection(server).close()
        except (psycopg.OperationalError, KeyError, ValueError):
            assert time.monotonic() < deadline, server.logs(tail=20).decode()
            time.sleep(0.2)
        else:
            return
