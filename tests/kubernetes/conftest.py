"""One cluster for all tests of this folder: made and deleted, or what `PLAT_KIND_CLUSTER` names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .cluster import Cluster, start


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster, end = start(tmp_path_factory.mktemp("cluster"))
    yield cluster
    end()
