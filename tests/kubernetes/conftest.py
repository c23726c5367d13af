"""One cluster for all tests of this folder: made and deleted, or what `PLAT_KIND_CLUSTER` names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .cluster import REGISTRY, ROOT, Cluster, run, start
from .functions import Functions
from .installation import Gateway, install
from .process import OperatorProcess

RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster, end = start(tmp_path_factory.mktemp("cluster"))
    yield cluster
    end()


@pytest.fixture(scope="session")
def image(cluster: Cluster) -> str:
    """A function's image as the cluster pulls it, built as a user would: with docker alone."""
    run(
        *("docker", "build", "--quiet", "--tag", "plat-test-runtime"),
        *("--file", ROOT / "runtimes/python/Dockerfile", ROOT / "runtimes"),
    )
    return _pushed(cluster, "plat-test", "image")


@pytest.fixture(scope="session")
def counting(cluster: Cluster) -> str:
    """An image without a runtime of plat, which counts how many calls it has at once."""
    return _pushed(cluster, "plat-test-counting", "counting")


def _pushed(cluster: Cluster, name: str, folder: str) -> str:
    """Build a folder beside this file and push it; returns its name within the cluster."""
    pushed = f"localhost:{cluster.registry_port}/{name}"
    run("docker", "build", "--quiet", "--tag", pushed, Path(__file__).with_name(folder))
    run("docker", "push", "--quiet", pushed)
    digests = json.loads(run("docker", "inspect", "--format", "{{json .RepoDigests}}", pushed))
    [digest] = [d.partition("@")[2] for d in digests if d.startswith(f"{pushed}@")]
    return f"{REGISTRY}/{name}@{digest}"


@pytest.fixture(scope="session")
def gateway(cluster: Cluster) -> Iterator[Gateway]:
    """plat as its chart installs it, with two gateways."""
    end = install(cluster)
    yield Gateway(cluster)
    end()


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
