"""Fixtures of the tests on a cluster: functions, one operator, one installation."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator

import pytest

from .cluster import Cluster, run
from .functions import Functions
from .installation import GATEWAYS, NAMESPACE, OPERATORS, Gateway, install, scale_operator
from .process import OperatorProcess

RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"
BRIEF = "--request-timeout=10s"
LINES = 60
"""Lines of a log in the report of a failed test."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the state of the cluster to the report of a failed test, before it is deleted."""
    report = yield
    fixtures = getattr(item, "funcargs", {})
    if report.failed:
        if isinstance(functions := fixtures.get("functions"), Functions):
            seen = functions.kubectl("get", "fn,pods,events", "-o", "wide", BRIEF, check=False)
            report.sections.append((f"namespace {functions.namespace}", _end_of(seen)))
        if isinstance(gateway := fixtures.get("gateway"), Gateway):
            for part in (GATEWAYS, OPERATORS):
                logs = ("logs", "--prefix", f"--tail={LINES}", "-l", part)
                logged = gateway.cluster.kubectl("-n", NAMESPACE, *logs, BRIEF, check=False)
                report.sections.append((f"logs of {part}", logged))
    return report


def _end_of(text: str) -> str:
    return "\n".join(text.splitlines()[-LINES:])


@pytest.fixture(scope="session")
def installed(cluster: Cluster) -> Iterator[Gateway]:
    """plat, installed with its chart and two gateways."""
    end = install(cluster)
    yield Gateway(cluster)
    end()


@pytest.fixture
def gateway(installed: Gateway, one_operator: OperatorProcess) -> Gateway:
    """The gateways and the operator of the chart, without any other operator."""
    one_operator.end()
    scale_operator(installed.cluster, 1)
    return installed


@pytest.fixture(scope="session")
def base_images(cluster: Cluster) -> None:
    """Push the base images of the runtimes to the registry of the cluster."""
    registry = f"PLAT_REGISTRY=localhost:{cluster.registry_port}"
    run("env", registry, sys.executable, "-m", "plat_builder", "runtimes")


@pytest.fixture
def functions(cluster: Cluster, image: str, request: pytest.FixtureRequest) -> Iterator[Functions]:
    """Functions in a new namespace that enforces the Pod Security Standard restricted."""
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
    """An operator process outside the cluster, which the fixture `operator` starts."""
    operator = OperatorProcess(cluster, tmp_path_factory.mktemp("operator") / "log")
    yield operator
    operator.end()


@pytest.fixture
def operator(cluster: Cluster, one_operator: OperatorProcess) -> OperatorProcess:
    """The operator outside the cluster, without the one inside, whose settings differ."""
    scale_operator(cluster, 0)
    if not one_operator.running:
        one_operator.start()
    return one_operator
