"""One platform for all acceptance tests that do not end it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.acceptance.desk import Desk
from tests.examples.platform import Platform, running


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A real platform; what one test deploys may still be there for the next."""
    with running(tmp_path_factory.mktemp("plat")) as started:
        yield started


@pytest.fixture
async def desk(platform: Platform) -> AsyncIterator[Desk]:
    """A user of that platform who calls its functions and its API."""
    async with Desk(platform) as user:
        yield user
