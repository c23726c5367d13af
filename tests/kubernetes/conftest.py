"""What the tests on a cluster share: functions of their own, one operator, one installation."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from .cluster import Cluster, run
from .functions import Functions
from .installation import Gateway, install
from .process import OperatorProcess

RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


@pytest.fixture(scope="session")
def gateway(cluster: Cluster) -> Iterator[Gateway]:
    """plat as its chart installs it, with two gateways."""
    end = install(cluster)
    yield Gateway(cluster)
    end()


@pytest.fixture(scope="session")
def base_images(cluster: Cluster) -> None:
    """The runtimes' base images in the cluster's registry, as they get there by hand."""
    registry = f"PLAT_REGISTRY=localhost:{cluster.registry_port}"
    run("env", registry, sys.executable, "-m", "plat_builder", "runtimes")


@pytest.fixture
def functions(cluster: Cluster, image: str, request: pytest.FixtureRequest) -> Iterator[Functions]:
    """Functions in a namespace of the test's own, where Pod Security is the strictest."""
    name = "t-" + request.node.originalname.removeprefix("test_").replace("_", "-")[:40]
    number = abs(hash(request.node.name)) % 10_000
    namespace = f"{name.rstrip('-')}-{number}"
    cluster.kubectl("create", "namespace", namespace)
    cluster.kubectl("label", "namespace", namespace, RESTRICTED)
    yield Functions(cluster, namespace, image)
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture(scope="session")
def one_operator(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OperatorProcess]:
    operator = OperatorProcess(cluster, tmp_path_factory.mktemp("operator") / "log")
    operator.start()
    yield operator
    operator.end()


@pytest.fixture
def operator(one_operator: OperatorProcess) -> Iterator[OperatorProcess]:
    """The operator that runs during the whole session; a test that ends it starts it again."""
    yield one_operator
    if not one_operator.running:
        one_operator.start()
