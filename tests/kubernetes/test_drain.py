"""A node is drained under load, where the cluster has another one to go to.

Not for the one-node cluster of the other tests: `PLAT_KIND_CLUSTER` names one with two nodes that
take pods.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from .functions import Functions
from .installation import Gateway, path
from .process import until

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def worker(gateway: Gateway) -> Iterator[str]:
    """A node that takes pods, beside another one; it does so again at the end."""
    cluster = gateway.cluster
    nodes = [
        node["metadata"]["name"]
        for node in cluster.get("nodes")["items"]
        if not node["spec"].get("taints")
    ]
    if len(nodes) < 2:
        pytest.skip("the cluster has one node that takes pods")
    [name, *_] = [node for node in nodes if not node.endswith("control-plane")]
    yield name
    cluster.kubectl("uncordon", name)


def test_no_call_fails_while_a_node_is_drained(
    functions: Functions, gateway: Gateway, worker: str
) -> None:
    functions.apply("hello", timeout="30s", scale={"min": 2, "max": 2})
    functions.wait("hello")
    pods = functions.get("pods")["items"]
    assert {pod["spec"]["nodeName"] for pod in pods} >= {worker}
    with gateway.load(path(functions, "/slow?seconds=0.1")) as answers:
        gateway.cluster.kubectl(
            *("drain", worker, "--ignore-daemonsets", "--delete-emptydir-data"),
            "--timeout=180s",
        )
        until(lambda: len(gateway.pods()) == 2)
        gateway.rolled_out()
        gateway.rolled_out("operator")
    assert Counter(answers) == {(200, "slept"): len(answers)}
