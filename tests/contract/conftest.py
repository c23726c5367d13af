"""The backends of the suite; a new backend adds a parameter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from plat_backends.memory import MemoryCallStore, MemoryFunctionStore, MemorySecretStore
from plat_backends.sql import Database, SqlCallStore, SqlFunctionStore, SqlSecretStore
from plat_core.ports import CallStore, FunctionStore, SecretStore

from ..docker_fixtures import (
    docker_client,
    docker_image,
    docker_instance,
    postgres_server,
    postgres_url,
)
from .kubernetes_worlds import (
    kubernetes_api_server,
    kubernetes_functions,
    kubernetes_secrets,
)

__all__ = [
    "docker_client",
    "docker_image",
    "docker_instance",
    "kubernetes_api_server",
    "postgres_server",
    "postgres_url",
]

STORES = [
    "memory",
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.docker),
    pytest.param("kubernetes", marks=pytest.mark.kubernetes),
]


@pytest.fixture(params=STORES)
async def functions(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FunctionStore]:
    if request.param == "memory":
        yield MemoryFunctionStore()
        return
    if request.param == "kubernetes":
        plane = request.getfixturevalue("kubernetes_api_server")
        async with kubernetes_functions(plane) as store:
            yield store
        return
    database = await Database.open(_url(request, tmp_path))
    yield SqlFunctionStore(database)
    await database.close()


@pytest.fixture(params=STORES)
async def secrets(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SecretStore]:
    if request.param == "memory":
        yield MemorySecretStore()
        return
    if request.param == "kubernetes":
        plane = request.getfixturevalue("kubernetes_api_server")
        async with kubernetes_secrets(plane) as store:
            yield store
        return
    database = await Database.open(_url(request, tmp_path))
    yield SqlSecretStore(database)
    await database.close()


@pytest.fixture(params=STORES[:3])
async def calls(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CallStore]:
    if request.param == "memory":
        yield MemoryCallStore()
        return
    database = await Database.open(_url(request, tmp_path))
    yield SqlCallStore(database)
    await database.close()


def _url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/plat.db"
    url: str = request.getfixturevalue("postgres_url")
    return url
