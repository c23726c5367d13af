"""One platform for all acceptance tests that do not stop it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.acceptance.platform_client import Client
from tests.examples.platform import Platform, running


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A real platform; functions of one test may still exist in the next."""
    with running(tmp_path_factory.mktemp("plat")) as started:
        yield started


@pytest.fixture
async def client(platform: Platform) -> AsyncIterator[Client]:
    """A user who calls functions and the API of that platform."""
    async with Client(platform) as user:
        yield user
