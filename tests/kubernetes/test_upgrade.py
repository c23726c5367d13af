"""Functions keep serving while the release is upgraded, rolled back and reinstalled."""

from __future__ import annotations

from collections import Counter

import pytest

from .functions import Functions
from .installation import CHART, NAMESPACE, Gateway, helm, install, path
from .process import until

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(600)]

CRD = "crd/functions.plat.dev"
CHANGED = ",".join(f"{part}.resources.requests.cpu=11m" for part in ("gateway", "operator"))


def test_no_call_fails_while_the_release_is_upgraded_and_rolled_back(
    functions: Functions, gateway: Gateway
) -> None:
    functions.apply("hello", timeout="30s")
    functions.wait("hello")
    pods = functions.names("pods")
    before = gateway.pods()
    wait = ("--wait", "--timeout", "180s")
    with gateway.load(path(functions, "/slow?seconds=0.1")) as answers:
        helm(gateway.cluster, "upgrade", "plat", CHART, "--reuse-values", "--set", CHANGED, *wait)
        upgraded = gateway.pods()
        helm(gateway.cluster, "rollback", "plat", *wait)
    assert Counter(answers) == {(200, "slept"): len(answers)}
    assert not set(before) & set(upgraded)
    assert functions.names("pods") == pods


def test_functions_and_their_definition_survive_an_uninstall(
    functions: Functions, gateway: Gateway
) -> None:
    cluster = gateway.cluster
    # the release adopts a definition that was applied by hand
    cluster.kubectl("label", "--overwrite", CRD, "app.kubernetes.io/managed-by=Helm")
    names = ("meta.helm.sh/release-name=plat", f"meta.helm.sh/release-namespace={NAMESPACE}")
    cluster.kubectl("annotate", "--overwrite", CRD, *names)
    helm(cluster, "upgrade", "plat", CHART, "--reuse-values", "--wait")
    assert "kind: CustomResourceDefinition" in helm(cluster, "get", "manifest", "plat")
    functions.apply("hello", timeout="30s")
    functions.wait("hello")
    pods = functions.names("pods")
    token = cluster.get("-n", NAMESPACE, "secret", "plat-token")["data"]
    helm(cluster, "uninstall", "plat", "--wait")
    try:
        assert cluster.get("-n", NAMESPACE, "deployments")["items"] == []
        assert functions.status("hello")["readyReplicas"] == 1
        assert functions.names("pods") == pods
        assert functions.call("hello") == "hello-1 /"
    finally:
        install(cluster)
    assert cluster.get("-n", NAMESPACE, "secret", "plat-token")["data"] == token
    until(lambda: gateway.ask(path(functions)) == (200, "hello-1 /"))
    assert functions.names("pods") == pods
