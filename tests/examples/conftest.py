"""One platform for all examples and documents."""

from collections.abc import Iterator

import pytest

from tests.examples.platform import Platform, running


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A real platform; what one test deploys may still be there for the next."""
    with running(tmp_path_factory.mktemp("plat")) as started:
        yield started
