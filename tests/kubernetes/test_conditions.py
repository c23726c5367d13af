"""Conditions report the cause of a failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .cluster import Cluster
from .functions import Functions
from .process import OperatorProcess, until

pytestmark = [
    pytest.mark.kubernetes,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("operator"),
]


def hint(functions: Functions, name: str = "hello") -> str:
    return str(functions.status(name)["hints"][0]["fix"])


def test_rejects_a_malformed_digest_and_reports_an_unknown_one(functions: Functions) -> None:
    wrong = functions.image.partition("@")[0] + "@sha256:" + "0" * 64
    functions.apply("hello", image=wrong)
    assert wrong in functions.until_reason("hello", "ImageNotFound")
    assert hint(functions) == "build it again: plat deploy"


def test_reports_an_unreachable_registry(functions: Functions) -> None:
    functions.apply("hello", image="127.0.0.1:9/orders:v1")
    message = functions.until_reason("hello", "ImagePullFailed")
    assert "refused" in message
    assert functions.condition("hello")[0] == "Unknown"


def test_reports_a_missing_key_of_a_secret(functions: Functions) -> None:
    functions.kubectl("create", "secret", "generic", "db", "--from-literal=other=1")
    reference = {"secretKeyRef": {"name": "db", "key": "url"}}
    functions.apply("hello", env=[{"name": "DB", "valueFrom": reference}])
    assert "key url" in functions.until_reason("hello", "SecretNotFound")
    functions.kubectl("patch", "secret", "db", "-p", json.dumps({"stringData": {"url": "one"}}))
    functions.wait("hello")


def test_reports_the_message_of_admission(functions: Functions) -> None:
    document = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "small"},
        "spec": {"limits": [{"type": "Container", "max": {"memory": "32Mi"}}]},
    }
    functions.kubectl("apply", "-f", "-", text=json.dumps(document))
    functions.apply("hello")
    assert "maximum memory usage per Container" in functions.until_reason("hello", "PodRefused")


def test_reports_a_memory_limit_that_is_too_low(functions: Functions) -> None:
    functions.apply(
        "hello",
        env=[{"name": "MODE", "value": "greedy"}],
        resources={"limits": {"memory": "128Mi"}},
    )
    assert "more memory" in functions.until_reason("hello", "OOMKilled")


def test_reports_a_crash_at_import_with_its_traceback(functions: Functions) -> None:
    functions.apply("hello", env=[{"name": "MODE", "value": "crash"}])
    until(lambda: functions.condition("hello")[0] == "False")
    message = functions.condition("hello")[2]
    assert "RuntimeError: crash requested" in message


def test_reports_the_kubelets_message_about_a_failed_probe(
    functions: Functions, operator: OperatorProcess, cluster: Cluster, tmp_path: Path
) -> None:
    operator.end()
    impatient = OperatorProcess(cluster, tmp_path / "log", PLAT_START_TIMEOUT="6")
    impatient.start()
    try:
        functions.apply("hello", env=[{"name": "MODE", "value": "never"}])
        message = functions.until_reason("hello", "StartTimeout")
        assert "not ready within 6 seconds" in message
        until(lambda: "Readiness probe failed" in functions.condition("hello")[2])
    finally:
        impatient.end()


def test_creates_one_event_per_failure(functions: Functions) -> None:
    functions.apply("hello", image="localhost:5001/nowhere:v1")
    functions.until_reason("hello", "ImageNotFound")
    functions.kubectl("annotate", "fn/hello", "touched=again")
    functions.kubectl("label", "fn/hello", "touched=again")

    def events() -> list[str]:
        found = functions.get("events", "--field-selector=involvedObject.kind=Function")["items"]
        return [event["reason"] for event in found]

    until(lambda: events() == ["ImageNotFound"])
