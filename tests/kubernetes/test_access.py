"""Permissions of the operator's account, and network policies of functions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from .cluster import ROOT, Cluster, run
from .functions import Functions
from .process import OperatorProcess, until

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]

RIGHTS = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding")


@pytest.fixture
def limited(
    functions: Functions, operator: OperatorProcess, cluster: Cluster, tmp_path: Path
) -> Iterator[OperatorProcess]:
    """An operator with the service account of the chart only; the usual one is stopped."""
    operator.end()
    namespace, name = functions.namespace, "rights-operator"
    rendered = run(
        *("helm", "template", "rights", ROOT / "charts/plat", "--namespace", namespace),
        *("--kube-version", "1.34.0"),
        *("--set", "authToken=a-token-of-the-test", "--show-only", "templates/operator.yaml"),
    )
    rights = [d for d in yaml.safe_load_all(rendered) if d and d["kind"] in RIGHTS]
    for document in rights:
        functions.kubectl("apply", "-f", "-", text=json.dumps(document))
    token = functions.kubectl("create", "token", name).strip()
    kubeconfig = tmp_path / "kubeconfig"
    config = yaml.safe_load(cluster.kubeconfig.read_text(encoding="utf-8"))
    config["users"][0]["user"] = {"token": token}
    kubeconfig.write_text(yaml.safe_dump(config), encoding="utf-8")
    kubeconfig.chmod(0o600)
    account = Cluster(**{**vars(cluster), "kubeconfig": kubeconfig})
    made = OperatorProcess(account, tmp_path / "log")
    made.start()
    yield made
    made.end()
    for document in rights:
        functions.kubectl("delete", document["kind"], document["metadata"]["name"])


def test_the_chart_grants_exactly_the_needed_permissions(
    functions: Functions, limited: OperatorProcess
) -> None:
    functions.kubectl("create", "secret", "generic", "db", "--from-literal=url=one")
    functions.apply("hello", secrets=["db"], scale={"replicas": 2})
    functions.wait("hello")
    functions.kubectl("patch", "secret", "db", "-p", json.dumps({"stringData": {"url": "two"}}))
    until(lambda: functions.status("hello")["revision"] == "hello-2")
    functions.apply("broken", image="localhost:5001/nowhere:v1")
    functions.until_reason("broken", "ImageNotFound")
    functions.kubectl("delete", "fn", "--all", "--timeout=90s")
    # nothing can be created in a namespace that is being deleted
    lines = [line for line in limited.log.splitlines() if "being terminated" not in line]
    assert not [line for line in lines if "forbidden" in line]
    account = f"--as=system:serviceaccount:{functions.namespace}:rights-operator"
    allowed = functions.kubectl("auth", "can-i", "--list", "--no-headers", account)
    assert "*.*" not in allowed
    for what in ("get secrets", "create pods", "create pods/exec", "update functions"):
        answer = functions.kubectl("auth", "can-i", *what.split(), account, check=False)
        assert answer.strip() == "no", what


def test_only_the_platform_can_connect_to_functions(
    functions: Functions, operator: OperatorProcess, cluster: Cluster
) -> None:
    for name in ("one", "other"):
        functions.apply(name)
    for name in ("one", "other"):
        functions.wait(name)
        functions.until_answer(name, "/", f"{name}-1 /")
    pod = functions.get("pods", "-l=plat.dev/function=other")["items"][0]
    address = pod["status"]["podIP"]
    assert functions.call("one", f"/reach?host={address}") == "kept away"
    cluster.kubectl("create", "namespace", "plat-system", check=False)
    ask = f"import socket; socket.create_connection(('{address}', 8080), 20); print('reached')"
    command = ("--rm", "-i", "--restart=Never", f"--image={functions.image}", "--quiet")
    output = cluster.kubectl(
        *("-n", "plat-system", "run", "stranger", *command, "--command", "--"),
        *("python", "-I", "-c", ask),
    )
    assert "reached" in output
