"""Draining a node under load moves its pods, and no call fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from .cluster import Cluster
from .functions import Functions
from .installation import GATEWAYS, NAMESPACE, Gateway, path
from .process import until

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(300)]


OUR_GATEWAYS = ("-n", NAMESPACE, "-l", GATEWAYS)


@pytest.fixture
def worker(gateway: Gateway) -> Iterator[str]:
    """The second node with a gateway; it is cordoned at the end."""
    cluster = gateway.cluster
    name = f"{cluster.name}-worker"
    cluster.kubectl("uncordon", name)
    cluster.kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/plat-gateway")
    gateway.rolled_out()
    assert name in nodes(cluster, *OUR_GATEWAYS)
    yield name
    cluster.kubectl("cordon", name)


def nodes(cluster: Cluster, *selection: str) -> set[str]:
    """Return the nodes of the pods that are not being deleted."""
    pods = cluster.get("pods", *selection)["items"]
    return {p["spec"]["nodeName"] for p in pods if "deletionTimestamp" not in p["metadata"]}


def test_no_call_fails_while_a_node_is_drained(
    functions: Functions, gateway: Gateway, worker: str
) -> None:
    functions.apply("hello", timeout="30s", scale={"min": 2, "max": 2})
    functions.wait("hello")
    assert len(nodes(gateway.cluster, "-n", functions.namespace)) == 2
    with gateway.load(path(functions, "/slow?seconds=0.1")) as answers:
        gateway.cluster.kubectl(
            *("drain", worker, "--ignore-daemonsets", "--delete-emptydir-data"),
            "--timeout=180s",
        )
        until(lambda: len(gateway.pods()) == 2)
        gateway.rolled_out()
    assert Counter(answers) == {(200, "slept"): len(answers)}
    assert worker not in nodes(gateway.cluster, *OUR_GATEWAYS)
    assert worker not in nodes(gateway.cluster, "-n", functions.namespace)
