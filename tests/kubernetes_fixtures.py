"""One cluster for the whole session: made and deleted, or what `PLAT_KIND_CLUSTER` names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .kubernetes.cluster import Cluster, pushed, runtime_image, start


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster, end = start(tmp_path_factory.mktemp("cluster"))
    yield cluster
    end()


@pytest.fixture(scope="session")
def image(cluster: Cluster) -> str:
    """The image of the function that most tests call."""
    return runtime_image(cluster)


@pytest.fixture(scope="session")
def counting(cluster: Cluster) -> str:
    """An image without a runtime of plat, which counts how many calls it has at once."""
    return pushed(cluster, "plat-test-counting", "counting")
