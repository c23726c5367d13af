"""What a function becomes in a cluster, as whole documents; and what counts as the same."""

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
def test_a_child_is_what_the_golden_file_says(name: str) -> None:
    """`PLAT_GOLDEN=write` writes the files anew: read the difference before you commit it."""
    path = GOLDEN / f"{name}.yaml"
    text = yaml.safe_dump(DOCUMENTS[name], sort_keys=False, allow_unicode=True, width=96)
    if os.environ.get("PLAT_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_no_function_gets_more_than_pod_security_restricted_allows() -> None:
    pod = DOCUMENTS["deployment-full"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert {next(k for k in v if k != "name") for v in pod["volumes"]} == {"emptyDir", "secret"}


def test_the_users_variables_never_replace_the_platforms() -> None:
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
def test_every_function_has_a_name_that_a_service_may_have(name: str, service: str) -> None:
    made = manifests.service_name(FunctionRef(name))
    assert made.startswith(service)
    assert len(made) <= 63


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_was_applied_is_there(name: str) -> None:
    wanted = DOCUMENTS[name]
    assert manifests.contains({**wanted, "status": {}, "metadata": _filled(wanted)}, wanted)


def _filled(document: dict[str, Any]) -> dict[str, Any]:
    metadata = document["metadata"]
    labels = {**metadata["labels"], "somebody": "else"}
    return {**metadata, "uid": "x", "resourceVersion": "5", "labels": labels}


@pytest.mark.parametrize(
    ("wanted", "live", "same"),
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
def test_drift_is_told_from_what_others_added(wanted: Any, live: Any, same: bool) -> None:
    assert manifests.contains(live, wanted) is same


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(json_values)
def test_everything_holds_itself(value: Any) -> None:
    assert manifests.contains(value, value)


def test_without_ipv6_no_rule_speaks_of_it() -> None:
    policy = manifests.network_policy("team", PodPolicy())
    assert "::" not in str(policy)
    assert "0.0.0.0/0" in str(policy)
