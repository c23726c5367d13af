"""One platform for all acceptance tests that do not stop it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.acceptance.desk import Desk
from tests.examples.platform import Platform, running


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A real platform; functions of one test may still exist in the next."""
    with running(tmp_path_factory.mktemp("plat")) as started:
        yield started


@pytest.fixture
async def desk(platform: Platform) -> AsyncIterator[Desk]:
    """A user who calls functions and the API of that platform."""
    async with Desk(platform) as user:
        yield user
