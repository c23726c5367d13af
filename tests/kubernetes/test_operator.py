"""The operator on a cluster: rollout, drift, scaling and failures of Functions."""

from __future__ import annotations

import json

import pytest

from .functions import Functions
from .process import OperatorProcess, until

pytestmark = [
    pytest.mark.kubernetes,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("operator"),
]

SLEEPING = {"replicas": 0}
"""A fixed size of zero: no pod starts before the first call."""


def test_a_function_becomes_ready_and_serves_through_its_service(
    functions: Functions,
) -> None:
    functions.apply("hello", env=[{"name": "EMPTY", "value": ""}, {"name": "A", "value": "$(B)"}])
    functions.wait("hello")
    functions.until_answer("hello", "/world", "hello-1 /world")
    assert json.loads(functions.call("hello", "/env?A&EMPTY&K_SERVICE&PLAT_REVISION")) == {
        "A": "$(B)",
        "EMPTY": "",
        "K_SERVICE": "hello",
        "PLAT_REVISION": "hello-1",
    }
    status = functions.status("hello")
    assert (status["revision"], status["readyReplicas"]) == ("hello-1", 1)
    assert status["url"].endswith(f"/function/hello.{functions.namespace}")
    pod = functions.get("pods")["items"][0]
    assert not [m for m in pod["spec"]["containers"][0]["volumeMounts"] if "token" in m["name"]]


def test_kubectl_scales_to_zero_and_back(functions: Functions) -> None:
    functions.apply("hello")
    functions.wait("hello")
    functions.kubectl("scale", "fn/hello", "--replicas=0")
    functions.until_reason("hello", "Idle")
    functions.kubectl("wait", "--for=delete", "pods", "--all", "--timeout=60s")
    functions.kubectl("scale", "fn/hello", "--replicas=2")
    until(lambda: functions.status("hello").get("readyReplicas") == 2)
    assert "poddisruptionbudget.policy/hello" in functions.names()
    assert functions.condition("hello")[:2] == ("True", "Serving")


def test_keeps_the_size_that_the_gateway_has_set(functions: Functions) -> None:
    functions.apply("hello")
    functions.wait("hello")
    functions.kubectl("scale", "deployment/hello-1", "--replicas=2")
    until(lambda: functions.status("hello").get("readyReplicas") == 2)
    functions.kubectl("scale", "deployment/hello-1", "--replicas=0")
    functions.until_reason("hello", "Idle")
    assert functions.get("deployment/hello-1")["spec"]["replicas"] == 0


def test_restores_deleted_and_edited_children(functions: Functions) -> None:
    functions.apply("hello", scale={"min": 1})
    functions.wait("hello")
    before = functions.names("deployments,services,networkpolicies,serviceaccounts")
    functions.kubectl("delete", "deployment/hello-1", "service/hello")
    functions.kubectl("delete", "networkpolicy/plat-functions")
    until(lambda: functions.names("deployments,services,networkpolicies,serviceaccounts") == before)
    selector = {"spec": {"selector": {"plat.dev/revision": "9"}}}
    foreign = {"metadata": {"annotations": {"example.org/note": "kept"}}}
    patch = json.dumps({**selector, **foreign})
    functions.kubectl("patch", "service/hello", "--type=merge", "-p", patch)

    def restored() -> bool:
        service = functions.get("service/hello")
        return bool(service["spec"]["selector"]["plat.dev/revision"] == "1")

    until(restored)
    assert functions.get("service/hello")["metadata"]["annotations"]["example.org/note"] == "kept"
    functions.kubectl("set", "image", "deployment/hello-1", "function=localhost:5001/other")
    until(
        lambda: (
            functions.get("deployment/hello-1")["spec"]["template"]["spec"]["containers"][0][
                "image"
            ]
            == functions.image
        )
    )


def test_rolls_out_a_new_revision_but_no_broken_one(functions: Functions) -> None:
    functions.apply("hello")
    functions.wait("hello")
    functions.apply("hello", env=[{"name": "A", "value": "2"}])
    functions.wait("hello")
    functions.until_answer("hello", "/", "hello-2 /")
    functions.apply("hello", handler="app:missing")
    message = functions.until_reason("hello", "HandlerNotFound")
    assert "app has no 'missing'" in message
    assert "hello-2 keeps serving" in message
    assert functions.call("hello") == "hello-2 /"
    until(lambda: "deployment.apps/hello-3" not in functions.names())
    functions.apply("hello", handler="app:other")
    functions.wait("hello")
    functions.until_answer("hello", "/", "other")
    assert functions.status("hello")["revision"] == "hello-4"


def test_reports_a_missing_image(functions: Functions) -> None:
    functions.apply("hello", image="localhost:5001/nowhere:v1")
    message = functions.until_reason("hello", "ImageNotFound")
    assert "localhost:5001/nowhere:v1" in message
    assert functions.condition("hello", "Progressing")[0] == "False"
    events = functions.get("events", "--field-selector=type=Warning,involvedObject.name=hello")
    assert "ImageNotFound" in {event["reason"] for event in events["items"]}


def test_reports_insufficient_resources(functions: Functions) -> None:
    functions.apply("hello", resources={"requests": {"cpu": "500"}})
    assert "Insufficient cpu" in functions.until_reason("hello", "Unschedulable")


def test_reports_an_exceeded_quota(functions: Functions) -> None:
    functions.kubectl("create", "quota", "none", "--hard=pods=0")
    functions.apply("hello")
    assert "exceeded quota: none" in functions.until_reason("hello", "QuotaExceeded")


def test_reports_a_quota_that_prevents_one_of_several_replicas(functions: Functions) -> None:
    functions.apply("hello", scale={"replicas": 1})
    functions.wait("hello")
    functions.kubectl("create", "quota", "one", "--hard=pods=1")
    functions.kubectl("scale", "fn/hello", "--replicas=2")
    until(lambda: "exceeded quota: one" in functions.condition("hello")[2])
    status, reason, message = functions.condition("hello")
    assert (status, reason) == ("True", "Serving")
    assert message.startswith("hello-1 serves with 1 ready, and another is not: ")


def test_a_new_secret_starts_the_function_and_a_change_rolls_out(functions: Functions) -> None:
    reference = {"secretKeyRef": {"name": "db", "key": "url"}}
    functions.apply("hello", secrets=["db"], env=[{"name": "DB", "valueFrom": reference}])
    assert "db" in functions.until_reason("hello", "SecretNotFound")
    functions.kubectl("create", "secret", "generic", "db", "--from-literal=url=one")
    functions.wait("hello")
    functions.until_answer("hello", "/secret", '{"url": "one"}')
    patch = json.dumps({"stringData": {"url": "two"}})
    functions.kubectl("patch", "secret", "db", "-p", patch)
    functions.until_answer("hello", "/env?DB", '{"DB": "two"}')
    assert "one" not in json.dumps(functions.get("fn/hello", "-o", "json"))


def test_does_not_take_over_an_object_of_another_owner(functions: Functions) -> None:
    functions.kubectl("create", "service", "clusterip", "hello", "--tcp=80:80")
    before = functions.get("service/hello")
    functions.apply("hello")
    functions.wait("hello")
    assert functions.get("service/hello") == before


def test_deleting_a_function_deletes_its_children(functions: Functions) -> None:
    functions.apply("hello", scale={"replicas": 2})
    functions.wait("hello")
    functions.kubectl("delete", "fn/hello", "--cascade=foreground", "--timeout=90s")
    until(lambda: functions.names() == [])


def test_a_function_can_be_deleted_without_an_operator(
    functions: Functions, operator: OperatorProcess
) -> None:
    functions.apply("hello")
    functions.wait("hello")
    assert operator.end() == 0
    functions.kubectl("delete", "fn/hello", "--timeout=60s")
    until(lambda: functions.names() == [])
    operator.start()
    functions.apply("hello")
    functions.wait("hello")
    assert functions.status("hello")["revision"] == "hello-1"
