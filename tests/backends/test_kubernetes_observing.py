"""Replicas and the causes of their failures, from the status of pods and Deployments."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_backends.kubernetes.observing import replicas, unexplained
from plat_core.ports import Replica

CREATED_AT = "2026-01-02T03:04:05Z"
READY_AT = "2026-01-02T03:04:07Z"
NOW = 1767323100.0
"""Long after READY_AT."""


def pod(
    *conditions: tuple[str, str, str],
    state: dict[str, Any] | None = None,
    last: dict[str, Any] | None = None,
    restarts: int = 0,
    **metadata: Any,
) -> dict[str, Any]:
    labels = {"plat.dev/function": "orders", "plat.dev/revision": "3"}
    status: dict[str, Any] = {
        "phase": "Running",
        "podIP": "10.0.0.3",
        "conditions": [
            {"type": type_, "status": value, "message": message, "lastTransitionTime": READY_AT}
            for type_, value, message in conditions
        ],
    }
    if state is not None:
        container = {"name": "function", "state": state, "restartCount": restarts, "started": True}
        status["containerStatuses"] = [{**container, "lastState": last or {}}]
    return {
        "metadata": {
            "name": "orders-3-x",
            "namespace": "default",
            "creationTimestamp": CREATED_AT,
            "labels": labels,
            **metadata,
        },
        "status": status,
    }


def deployment(type_: str, status: str, reason: str, message: str = "") -> dict[str, Any]:
    condition = {"type": type_, "status": status, "reason": reason, "message": message}
    return {
        "metadata": {
            "name": "orders-3",
            "creationTimestamp": CREATED_AT,
            "labels": {"plat.dev/revision": "3"},
        },
        "spec": {"progressDeadlineSeconds": 120},
        "status": {"conditions": [condition]},
    }


def only(*pods: dict[str, Any], **given: Any) -> Replica:
    [replica] = replicas(pods, given.pop("deployments", ()), now=NOW, **given)
    return replica


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def ended(code: int = 1, message: str = "", reason: str = "Error") -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "message": message, "reason": reason}}


def test_a_ready_pod_is_a_replica_with_an_endpoint() -> None:
    replica = only(pod(("Ready", "True", ""), state={"running": {}}, restarts=2))
    assert (replica.state, replica.revision, replica.restarts) == ("ready", 3, 0)
    assert replica.endpoint is not None
    assert replica.endpoint.address == "tcp:10.0.0.3:8080"
    assert replica.failure is None


def test_encloses_an_ipv6_address_in_brackets() -> None:
    six = pod(("Ready", "True", ""), state={"running": {}})
    six["status"]["podIP"] = "fd00::3"
    assert only(six).endpoint.address == "tcp:[fd00::3]:8080"  # type: ignore[union-attr]


def test_counts_restarts_until_ready_for_ten_seconds() -> None:
    ready = pod(("Ready", "True", ""), state={"running": {}}, restarts=2)
    since = only(ready).since
    [replica] = replicas([ready], [], now=since + 9)
    assert replica.restarts == 2


def test_a_stopping_pod_has_no_endpoint() -> None:
    replica = only(pod(("Ready", "True", ""), state={"running": {}}, deletionTimestamp=CREATED_AT))
    assert (replica.state, replica.endpoint, replica.failure) == ("stopping", None, None)


def test_ignores_an_evicted_pod() -> None:
    evicted = pod(state={"running": {}})
    evicted["status"]["phase"] = "Failed"
    assert replicas([evicted], [], now=NOW) == []


REPORT = {"reason": "HandlerImportError", "message": "No module named 'x'", "traceback": "Trace…"}

FAILURES = {
    "nodes are full": (
        pod(("PodScheduled", "False", "0/1 nodes are available: 1 Insufficient cpu.")),
        ("Unschedulable", "0/1 nodes are available: 1 Insufficient cpu."),
    ),
    "no such image": (
        pod(state=waiting("ImagePullBackOff", "x/y: manifest unknown")),
        ("ImageNotFound", "x/y: manifest unknown"),
    ),
    "registry is down": (
        pod(state=waiting("ErrImagePull", "dial tcp: connection refused")),
        ("ImagePullFailed", "dial tcp: connection refused"),
    ),
    "registry asks for a login": (
        pod(state=waiting("ErrImagePull", "HEAD of https://…: 401 Unauthorized")),
        ("ImagePullDenied", "HEAD of https://…: 401 Unauthorized"),
    ),
    "registry hides the image from strangers": (
        pod(state=waiting("ErrImagePull", "pull access denied, it does not exist or …")),
        ("ImagePullDenied", "pull access denied, it does not exist or …"),
    ),
    "no image at all": (pod(state=waiting("InvalidImageName")), ("ImageNotFound", "ImageNotFound")),
    "no such key": (
        pod(state=waiting("CreateContainerConfigError", "couldn't find key u in Secret a/db")),
        ("SecretNotFound", "couldn't find key u in Secret a/db"),
    ),
    "a report of the runtime": (
        pod(state=waiting("CrashLoopBackOff"), last=ended(message=json.dumps(REPORT)), restarts=1),
        ("HandlerImportError", "No module named 'x'"),
    ),
    "out of memory": (
        pod(state=waiting("CrashLoopBackOff"), last=ended(137, reason="OOMKilled"), restarts=1),
        ("OOMKilled", "it used more memory than its limit"),
    ),
    "a crash in a loop": (
        pod(state=waiting("CrashLoopBackOff"), last=ended(3, "boom\n"), restarts=4),
        ("CrashLoopBackOff", "it exited with code 3: boom"),
    ),
    "a first crash": (pod(state=ended(3)), ("Exited", "it exited with code 3")),
}


@pytest.mark.parametrize("what", FAILURES)
def test_reports_the_cause_of_a_failure(what: str) -> None:
    failed_pod, expected = FAILURES[what]
    failure = only(failed_pod).failure
    assert failure is not None
    assert (failure.reason, failure.message) == expected


def test_reports_the_last_log_lines_of_a_crash() -> None:
    crashed = pod(state=waiting("CrashLoopBackOff"), last=ended(3, "boom\n"), restarts=4)
    assert only(crashed).failure.log == "boom"  # type: ignore[union-attr]
    reported = pod(state=ended(message=json.dumps(REPORT)))
    assert only(reported).failure.log == "Trace…"  # type: ignore[union-attr]


def test_names_a_missing_secret_while_the_pod_is_being_created() -> None:
    failure = only(pod(state=waiting("ContainerCreating")), missing={"db"}).failure
    assert failure is not None
    assert (failure.reason, "db" in failure.message) == ("SecretNotFound", True)


LATE = deployment("Progressing", "False", "ProgressDeadlineExceeded")


def test_a_failure_is_final_after_the_start_deadline() -> None:
    full = pod(("PodScheduled", "False", "no room"))
    failure = only(full, deployments=[LATE]).failure
    assert failure is not None
    assert (failure.reason, failure.final) == ("Unschedulable", True)
    assert failure.message == "it was not ready within 120 seconds: no room"


def test_a_start_timeout_includes_the_message_of_the_failed_probe() -> None:
    unready = pod(state={"running": {}}, uid="u")
    failure = only(unready, deployments=[LATE]).failure
    assert failure is not None
    assert (failure.reason, failure.final) == ("StartTimeout", True)
    assert failure.message == "it was not ready within 120 seconds"
    assert unexplained([unready], [LATE]) == [unready]
    assert unexplained([unready], []) == []
    probed = {"u": "Readiness probe failed: HTTP probe failed with statuscode: 503"}
    failure = only(unready, deployments=[LATE], probed=probed).failure
    assert failure is not None
    assert failure.message == f"it was not ready within 120 seconds: {probed['u']}"


def test_a_pod_that_is_no_longer_ready_is_unhealthy() -> None:
    lost = pod(("Ready", "False", ""), state={"running": {}}, uid="u")
    begun = {"type": "Initialized", "status": "True", "lastTransitionTime": CREATED_AT}
    lost["status"]["conditions"].append(begun)
    assert only(lost).state == "unready"
    assert only(lost).failure.reason == "Unhealthy"  # type: ignore[union-attr]
    assert unexplained([lost], []) == [lost]


def test_a_killed_container_names_the_failed_probe() -> None:
    killed = pod(state={"running": {}}, last=ended(137), restarts=1, uid="u")
    assert only(killed).failure.message == "it exited with code 137"  # type: ignore[union-attr]
    assert unexplained([killed], []) == [killed]
    failure = only(killed, probed={"u": "Liveness probe failed: timeout"}).failure
    assert failure is not None
    assert (failure.reason, failure.message) == (
        "Unhealthy",
        "it was killed: Liveness probe failed: timeout",
    )


def test_reports_the_message_of_an_admission_rule() -> None:
    message = 'pods "x" is forbidden: maximum memory usage per Container is 32Mi'
    failed = deployment("ReplicaFailure", "True", "FailedCreate", message)
    replica = only(deployments=[failed])
    assert replica.failure is not None
    assert (replica.failure.reason, replica.failure.message) == ("PodRefused", message)
    assert not replica.failure.final


def test_an_exceeded_quota_is_a_waiting_replica() -> None:
    message = 'pods "x" is forbidden: exceeded quota: few'
    failed = deployment("ReplicaFailure", "True", "FailedCreate", message)
    replica = only(deployments=[failed])
    assert replica.state == "waiting"
    assert replica.failure is not None
    assert (replica.failure.reason, replica.failure.message) == ("QuotaExceeded", message)


@given(st.text(max_size=200) | st.builds(json.dumps, st.recursive(st.text(), st.lists)))
def test_reports_any_termination_message(message: str) -> None:
    failure = only(pod(state=ended(1, message))).failure
    assert failure is not None
    assert failure.reason
    assert len(failure.message) <= 500
