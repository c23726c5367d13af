"""Outage of the API server, and deletion of namespaces, owners and the definition."""

from __future__ import annotations

import json
import time

import pytest

from .cluster import ROOT, Cluster
from .functions import Functions
from .process import OperatorProcess, until

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(400)]


def test_reconnects_to_the_api_server_without_a_restart(
    functions: Functions, operator: OperatorProcess, cluster: Cluster
) -> None:
    """A short outage; `test_traffic` has a longer one with all services in the cluster."""
    functions.apply("hello")
    functions.wait("hello")
    functions.until_answer("hello", "/", "hello-1 /")
    starts = operator.log.count("probes on")
    with cluster.without_api_server():
        time.sleep(10)
    assert functions.call("hello") == "hello-1 /"
    functions.apply("hello", env=[{"name": "A", "value": "2"}])
    functions.wait("hello", seconds=60)
    assert operator.running
    assert operator.log.count("probes on") == starts


def test_a_namespace_can_be_deleted_without_an_operator(
    functions: Functions, operator: OperatorProcess, cluster: Cluster
) -> None:
    functions.apply("hello", scale={"replicas": 2})
    functions.wait("hello")
    operator.end()
    cluster.kubectl("delete", "namespace", functions.namespace, "--timeout=90s")
    operator.start()
    left = cluster.kubectl("get", "fn,deployments", "-n", functions.namespace, "-o", "name")
    assert left == ""
    cluster.kubectl("create", "namespace", functions.namespace)
    functions.apply("hello")
    functions.wait("hello")


def test_a_new_function_adopts_orphans_of_the_same_name(
    functions: Functions, operator: OperatorProcess
) -> None:
    functions.apply("hello")
    functions.wait("hello")
    functions.kubectl("delete", "fn/hello", "--cascade=orphan", "--timeout=60s")
    functions.apply("hello", env=[{"name": "A", "value": "2"}])
    functions.wait("hello")
    uid = functions.get("fn/hello")["metadata"]["uid"]
    until(lambda: len(functions.get("deployments")["items"]) == 1, what="the old one is deleted")
    [deployment] = functions.get("deployments")["items"]
    assert [r["uid"] for r in deployment["metadata"]["ownerReferences"]] == [uid]


def test_upgrades_the_definition_while_functions_exist(
    functions: Functions, operator: OperatorProcess, cluster: Cluster
) -> None:
    functions.apply("hello")
    functions.wait("hello")
    before = functions.get("fn/hello")
    field = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/later"
    change = [{"op": "add", "path": field, "value": {"type": "string"}}]
    cluster.kubectl("patch", "crd/functions.plat.dev", "--type=json", "-p", json.dumps(change))
    try:
        functions.apply("hello", env=[{"name": "A", "value": "2"}])
        functions.wait("hello")
        assert functions.get("fn/hello")["metadata"]["uid"] == before["metadata"]["uid"]
    finally:
        cluster.kubectl("apply", "-f", str(ROOT / "crds"))
    functions.wait("hello")


def test_the_definition_can_be_deleted_and_installed_again(
    functions: Functions, operator: OperatorProcess, cluster: Cluster
) -> None:
    functions.apply("hello")
    functions.wait("hello")
    try:
        cluster.kubectl("delete", "crd/functions.plat.dev", "--timeout=90s")
        until(lambda: functions.names() == [], what="its children are deleted")
    finally:
        cluster.define()
    until(lambda: _applied(functions), what="the definition is installed")
    if not operator.running:
        # the kubelet would restart it
        operator.end()
        operator.start()
    functions.wait("hello", seconds=120)


def _applied(functions: Functions) -> bool:
    try:
        functions.apply("hello")
    except AssertionError:
        return False
    return True
