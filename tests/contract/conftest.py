"""The backends that the suite runs on; a new backend is one more parameter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from plat_core.backends.memory import MemoryFunctionStore, MemorySecretStore
from plat_core.backends.sql import Database, SqlFunctionStore, SqlSecretStore
from plat_core.ports import FunctionStore, SecretStore

from ..docker_fixtures import docker_client, docker_image, docker_instance

__all__ = ["docker_client", "docker_image", "docker_instance"]


@pytest.fixture(params=["memory", "sqlite"])
async def functions(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FunctionStore]:
    if request.param == "memory":
        yield MemoryFunctionStore()
        return
    database = await Database.open(f"sqlite:///{tmp_path}/plat.db")
    yield SqlFunctionStore(database)
    await database.close()


@pytest.fixture(params=["memory", "sqlite"])
async def secrets(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SecretStore]:
    if request.param == "memory":
        yield MemorySecretStore()
        return
    database = await Database.open(f"sqlite:///{tmp_path}/plat.db")
    yield SqlSecretStore(database)
    await database.close()
