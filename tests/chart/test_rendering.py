"""Rendered manifests are valid and restricted for all values, and invalid values are rejected."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from plat_gateway.settings import GatewaySettings

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts/plat"
VERSIONS = ("1.30", "1.34")
MAKERS = ("Deployment", "StatefulSet", "Job")
REQUIRED = "kubernetes" in os.environ.get("PLAT_REQUIRE", "")

pytestmark = pytest.mark.skipif(
    shutil.which("helm") is None and not REQUIRED, reason="Helm is not installed"
)

VALUES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "without a builder": {
        "builder": {"enabled": False},
        "builderUrl": "https://builds.example.org",
    },
    "with a registry": {"registry": {"enabled": True, "runtimesFrom": "images.example.org/plat"}},
    "many of each": {
        "gateway": {"replicas": 3, "nodePort": 30080, "trustedProxies": ["10.0.0.0/8"]},
        "operator": {"replicas": 2},
        "builder": {
            "cache": {"persistent": True, "storageClass": "fast"},
            "sourceSchemes": ["https", "ssh", "http"],
            "gitSecret": "deploy-key",
        },
        "image": {"pullSecrets": ["one", "two"]},
        "existingSecret": "own-token",
    },
    "a company": {
        "network": {
            "proxy": "http://proxy.example.org:3128",
            "noProxy": ".example.org",
            "caBundle": "-----BEGIN CERTIFICATE-----\n",
            "indexUrl": "https://index.example.org/simple",
            "npmRegistry": "https://npm.example.org",
        },
        "ingress": {
            "enabled": True,
            "className": "nginx",
            "host": "plat.example.org",
            "tlsSecret": "tls",
            "annotations": {"example.org/a": "b"},
        },
        "metrics": {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
        "registry": {"name": "registry.example.org/plat", "existingSecret": "login"},
        "networkPolicy": {"builderEgress": [{"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}]}]},
        "database": {"urlSecret": "db", "cidr": "10.1.2.4/32", "port": 6432},
    },
    "with a database": {"postgres": {"enabled": True, "storage": {"storageClass": "fast"}}},
}


def helm(*arguments: str, values: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["helm", *arguments, "--values", "-"],
        input=json.dumps({"authToken": "a-token", **values}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def render(values: dict[str, Any]) -> list[dict[str, Any]]:
    return list(yaml.load_all(_rendered(json.dumps(values)), Loader=yaml.CSafeLoader))


@cache
def _rendered(values: str) -> str:
    line = ("template", "plat", str(CHART), "--namespace", "plat-system")
    done = helm(*line, "--kube-version", "1.30.0", values=json.loads(values))
    assert done.returncode == 0, done.stderr
    return done.stdout


def pods(documents: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the pod templates, by the name of their workload."""
    return {
        f"{document['kind']} {document['metadata']['name']}": document["spec"]["template"]["spec"]
        for document in documents
        if document["kind"] in MAKERS
    }


def find(documents: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    [found] = [d for d in documents if (d["kind"], d["metadata"]["name"]) == (kind, name)]
    return found


def environment(documents: list[dict[str, Any]], name: str) -> dict[str, Any]:
    [container] = find(documents, "Deployment", name)["spec"]["template"]["spec"]["containers"]
    return {variable["name"]: variable.get("value") for variable in container["env"]}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_lints(values: dict[str, Any]) -> None:
    done = helm("lint", "--strict", str(CHART), "--kube-version", "1.30.0", values=values)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_every_object_matches_the_schema_of_kubernetes(values: dict[str, Any]) -> None:
    documents = render(values)
    names = [(d["kind"], d["metadata"]["name"]) for d in documents]
    assert len(set(names)) == len(names)
    for document in documents:
        if document["apiVersion"].startswith("monitoring.coreos.com/"):
            continue
        for version in VERSIONS:
            kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_every_pod_is_restricted_limited_and_has_no_unused_token(
    values: dict[str, Any],
) -> None:
    for name, pod in pods(render(values)).items():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False
            assert security["readOnlyRootFilesystem"] is True
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]
            assert container["resources"]["requests"]
        talks = name.endswith(("-gateway", "-operator"))
        assert pod.get("automountServiceAccountToken", True) is talks, name


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_every_pod_has_a_policy(values: dict[str, Any]) -> None:
    documents = render(values)
    policies = [
        document["spec"]["podSelector"]["matchLabels"]
        for document in documents
        if document["kind"] == "NetworkPolicy"
    ]
    for document in documents:
        if document["kind"] in MAKERS:
            labels = document["spec"]["template"]["metadata"]["labels"]
            assert any(policy.items() <= labels.items() for policy in policies), labels


def test_uninstalling_keeps_the_definition() -> None:
    found = find(render({}), "CustomResourceDefinition", "functions.plat.dev")
    assert found["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    written = yaml.safe_load((ROOT / "crds/functions.plat.dev.yaml").read_text(encoding="utf-8"))
    assert found["spec"] == written["spec"]
    kinds = [document["kind"] for document in render({"crds": {"install": False}})]
    assert "CustomResourceDefinition" not in kinds


def test_network_settings_reach_builder_and_operator() -> None:
    documents = render(VALUES["a company"])
    builder = environment(documents, "plat-builder")
    operator = environment(documents, "plat-operator")
    assert builder["PLAT_INDEX_URL"] == "https://index.example.org/simple"
    assert builder["PLAT_CA_BUNDLE"] == "/etc/plat/ca/ca.pem"
    assert builder["HTTPS_PROXY"] == operator["HTTPS_PROXY"] == "http://proxy.example.org:3128"
    assert ".svc" in operator["NO_PROXY"]
    egress = find(documents, "NetworkPolicy", "plat-builder")["spec"]["egress"]
    ports = [port["port"] for rule in egress for port in rule.get("ports", ())]
    assert 3128 in ports
    assert 22 not in ports


def database(values: dict[str, Any]) -> tuple[Any, list[Any]]:
    """Return the source of DATABASE_URL, and the egress rules of the gateway for its port."""
    documents = render(values)
    [container] = find(documents, "Deployment", "plat-gateway")["spec"]["template"]["spec"][
        "containers"
    ]
    found = [v["valueFrom"] for v in container["env"] if v["name"] == "DATABASE_URL"]
    egress = find(documents, "NetworkPolicy", "plat-gateway")["spec"]["egress"]
    rules = [r for r in egress if {p["port"] for p in r["ports"]} & {5432, 6432}]
    return found, rules


def test_the_gateway_uses_the_named_or_the_bundled_database() -> None:
    assert database({}) == ([], [])
    found, [rule] = database(VALUES["a company"])
    assert found == [{"secretKeyRef": {"name": "db", "key": "DATABASE_URL"}}]
    assert rule["to"] == [{"ipBlock": {"cidr": "10.1.2.4/32"}}]
    found, [rule] = database(VALUES["with a database"])
    assert found == [{"secretKeyRef": {"name": "plat-postgres", "key": "DATABASE_URL"}}]
    secret = find(render(VALUES["with a database"]), "Secret", "plat-postgres")
    password = secret["stringData"]["POSTGRES_PASSWORD"]
    url = f"postgresql://plat:{password}@plat-postgres:5432/postgres"
    assert secret["stringData"]["DATABASE_URL"] == url
    assert secret["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_limits_of_asynchronous_calls_default_to_those_of_the_gateway() -> None:
    def limits(given: dict[str, str]) -> dict[str, Any]:
        settings = iter(GatewaySettings.from_environment(given))
        return {name: value for name, value in settings if name.startswith("async_")}

    def rendered(values: dict[str, Any]) -> dict[str, str]:
        found = environment(render(values), "plat-gateway")
        return {name: value for name, value in found.items() if name.startswith("PLAT_ASYNC")}

    assert len(rendered({})) == len(limits({}))
    assert limits(rendered({})) == limits({})
    longer = rendered({"gateway": {"asyncCalls": {"retention": 2_592_000}}})
    assert limits(longer) == {**limits({}), "async_retention": 2_592_000.0}


def test_derives_the_names_of_the_registry() -> None:
    for values, name, url in (
        ({}, "localhost:5001", "http://kind-registry:5000"),
        ({"enabled": True}, "localhost:30501", "http://plat-registry:5000"),
        ({"name": "r.example.org/a"}, "r.example.org/a", "https://r.example.org"),
        ({"name": "r.example.org", "url": "http://r:1"}, "r.example.org", "http://r:1"),
    ):
        found = environment(render({"registry": values}), "plat-builder")
        assert (found["PLAT_REGISTRY"], found["PLAT_REGISTRY_URL"]) == (name, url)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"gatewy": {}}, "gatewy"),
        ({"gateway": {"replicas": 0}}, "replicas"),
        ({"gateway": {"asyncCalls": {"attempts": 0}}}, "attempts"),
        ({"builder": {"timeout": "soon"}}, "timeout"),
        ({"builder": {"sourceSchemes": ["ftp"]}}, "sourceSchemes"),
        ({"publicUrl": "localhost"}, "publicUrl"),
        ({"network": {"HTTPS_PROXY": "x"}}, "HTTPS_PROXY"),
        ({"registry": {"name": "https://r.example.org"}}, "name"),
        ({"ingress": {"enabled": True}}, "ingress.host has to be set"),
        ({"database": {"url": "postgresql://u:p@h/n"}}, "url"),
        ({"postgres": {"password": "a@b"}}, "password"),
        (
            {"postgres": {"enabled": True}, "database": {"urlSecret": "db"}},
            "set one of the two",
        ),
    ],
)
def test_rejects_an_invalid_value_by_name(values: dict[str, Any], words: str) -> None:
    done = helm("template", "plat", str(CHART), "--kube-version", "1.30.0", values=values)
    assert done.returncode != 0
    assert words in done.stderr
