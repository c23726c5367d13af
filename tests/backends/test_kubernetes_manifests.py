"""Manifests of a function, compared with golden files, and the comparison with live objects."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from plat_backends.kubernetes import manifests
from plat_backends.kubernetes.policy import PodPolicy
from plat_core.model.function import FunctionSpec
from plat_core.model.names import FunctionRef
from plat_core.ports import Revision

GOLDEN = Path(__file__).resolve().parents[1] / "golden/kubernetes"
REF = FunctionRef("orders", "team")
IMAGE = "localhost:5001/orders@sha256:" + "a" * 64
POLICY = PodPolicy(ipv6=True, environment={"HTTPS_PROXY": "http://proxy:3128"})

PLAIN: dict[str, Any] = {}
FULL: dict[str, Any] = {
    "handler": "app:app",
    "timeout": "1m30s",
    "concurrency": 3,
    "env": [
        {"name": "LOG_LEVEL", "value": "info"},
        {"name": "HOME", "value": "/nowhere"},
        {"name": "EMPTY", "value": ""},
        {"name": "PRICE", "value": "$(PORT)"},
        {"name": "DB_URL", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}},
        {
            "name": "EXTRA",
            "valueFrom": {"secretKeyRef": {"name": "extra", "key": "x", "optional": True}},
        },
    ],
    "secrets": ["db", "certificates"],
    "resources": {"requests": {"memory": "96Mi"}, "limits": {"cpu": "20m", "memory": "128Mi"}},
    "scale": {"min": 2, "max": 5},
}


def revision(spec: dict[str, Any], number: int = 7) -> Revision:
    model = FunctionSpec.model_validate({"image": IMAGE, **spec})
    return Revision(REF, number, IMAGE, model, datetime(2026, 1, 2, tzinfo=UTC))


DOCUMENTS = {
    "deployment": manifests.deployment(revision(PLAIN), POLICY, owner="uid-1", replicas=1),
    "deployment-full": manifests.deployment(revision(FULL), POLICY, owner="uid-1", replicas=2),
    "service": manifests.service(REF, owner="uid-1", serving=7),
    "budget": manifests.budget(REF, owner="uid-1"),
    "revision": manifests.revision_object(revision(FULL), owner="uid-1"),
    "account": manifests.account("team"),
    "account-full": manifests.account("team", ["registry-login", "another"]),
    "network-policy": manifests.network_policy("team", POLICY),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_renders_the_golden_manifest(name: str) -> None:
    """Set `PLAT_GOLDEN=write` to update the files, and review the difference."""
    path = GOLDEN / f"{name}.yaml"
    text = yaml.safe_dump(DOCUMENTS[name], sort_keys=False, allow_unicode=True, width=96)
    if os.environ.get("PLAT_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_pods_meet_the_pod_security_standard_restricted() -> None:
    pod = DOCUMENTS["deployment-full"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert {next(k for k in v if k != "name") for v in pod["volumes"]} == {"emptyDir", "secret"}


def test_variables_of_a_function_replace_defaults_without_duplicates() -> None:
    container = DOCUMENTS["deployment-full"]["spec"]["template"]["spec"]["containers"][0]
    names = [variable["name"] for variable in container["env"]]
    assert len(names) == len(set(names))
    assert next(v for v in container["env"] if v["name"] == "HOME")["value"] == "/nowhere"


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("orders", "orders"),
        ("1up", "fn-1up"),
        ("0" * 60, "fn-" + "0" * 60),
        ("0" * 63, "fn-" + "0" * 51 + "-"),
    ],
)
def test_derives_a_valid_service_name(name: str, service: str) -> None:
    derived = manifests.service_name(FunctionRef(name))
    assert derived.startswith(service)
    assert len(derived) <= 63


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_live_object_contains_its_manifest(name: str) -> None:
    desired = DOCUMENTS[name]
    assert manifests.contains(
        {**desired, "status": {}, "metadata": _with_server_fields(desired)}, desired
    )


def _with_server_fields(document: dict[str, Any]) -> dict[str, Any]:
    metadata = document["metadata"]
    labels = {**metadata["labels"], "other": "label"}
    return {**metadata, "uid": "x", "resourceVersion": "5", "labels": labels}


@pytest.mark.parametrize(
    ("desired", "live", "same"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {}, False),
        ({"a": [1, 2]}, {"a": [1, 2]}, True),
        ({"a": [1]}, {"a": [1, 2]}, False),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, True),
        ({"a": [{"name": "x", "b": 1}]}, {"a": [{"name": "y"}, {"name": "x", "b": 1}]}, True),
        ({"a": [{"name": "x", "b": 1}]}, {"a": [{"name": "x", "b": 2}]}, False),
        ({"a": [{"name": "x"}]}, {"a": [{"name": "y"}]}, False),
        ({"resources": {"cpu": "1000m"}}, {"resources": {"cpu": "1"}}, True),
        ({"resources": {"cpu": "0.5"}}, {"resources": {"cpu": "500m"}}, True),
        ({"resources": {"cpu": "1"}}, {"resources": {"cpu": "2"}}, False),
        ({"env": {"value": "1000m"}}, {"env": {"value": "1"}}, False),
    ],
)
def test_detects_drift_but_allows_additional_fields(desired: Any, live: Any, same: bool) -> None:
    assert manifests.contains(live, desired) is same


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(json_values)
def test_every_value_contains_itself(value: Any) -> None:
    assert manifests.contains(value, value)


def test_without_ipv6_the_policy_has_no_rule_for_it() -> None:
    policy = manifests.network_policy("team", PodPolicy())
    assert "::" not in str(policy)
    assert "0.0.0.0/0" in str(policy)
