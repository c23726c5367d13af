"""From pods and Deployments to replicas, each with the real cause of its trouble. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from plat_core.backends.kubernetes.kinds import Document, name_of, revision_of
from plat_core.backends.kubernetes.policy import PORT
from plat_core.ports import Endpoint, Failure, Replica, ReplicaState

SETTLED: Final = 10.0
"""Seconds of readiness after which earlier crashes are forgotten."""
MESSAGE: Final = 500
LOG: Final = 4096

_WAITING: Final = {
    "ErrImagePull": "ImagePullFailed",
    "ImagePullBackOff": "ImagePullFailed",
    "InvalidImageName": "ImageNotFound",
    "ErrImageNeverPull": "ImageNotFound",
    "CreateContainerConfigError": "CannotStart",
    "CreateContainerError": "CannotStart",
    "RunContainerError": "CannotStart",
}


def replicas(
    pods: Sequence[Document],
    deployments: Sequence[Document],
    *,
    now: float,
    missing: Collection[str] = (),
) -> list[Replica]:
    """The replicas of one function; `missing` names the secrets that it needs and has not.

    A Deployment that cannot even make a pod counts as a replica that waits.
    """
    late = {revision_of(d): text for d in deployments if (text := _too_late(d))}
    seen = [_replica(pod, now, missing, late) for pod in pods if not _is_over(pod)]
    for stuck in deployments:
        if reason := _refused(stuck):
            since = _seconds(stuck["metadata"]["creationTimestamp"])
            revision = revision_of(stuck)
            seen.append(Replica(name_of(stuck), revision, "waiting", since, failure=reason))
    return seen


def address_of(pod: Document) -> str | None:
    """Where the pod answers, as soon as it has an address."""
    ip = pod.get("status", {}).get("podIP")
    if not ip:
        return None
    return f"tcp:[{ip}]:{PORT}" if ":" in ip else f"tcp:{ip}:{PORT}"


def state_of(pod: Document) -> ReplicaState:
    """How the pod is, as a replica."""
    if "deletionTimestamp" in pod["metadata"]:
        return "stopping"
    if _condition(pod, "Ready").get("status") == "True":
        return "ready"
    container = _container(pod)
    if "reason" in container.get("state", {}).get("waiting", {}) and container.get("restartCount"):
        return "waiting"
    return "unready" if container.get("started") and _was_ready(pod) else "starting"


def _replica(pod: Document, now: float, missing: Collection[str], late: dict[int, str]) -> Replica:
    state, number = state_of(pod), revision_of(pod)
    address = address_of(pod) if state == "ready" else None
    since = _seconds(
        _condition(pod, "Ready").get("lastTransitionTime", pod["metadata"]["creationTimestamp"])
    )
    restarts = int(_container(pod).get("restartCount", 0))
    settled = state == "ready" and now - since >= SETTLED
    return Replica(
        id=name_of(pod),
        revision=number,
        state=state,
        since=since,
        endpoint=Endpoint(name_of(pod), address) if address else None,
        restarts=0 if settled else restarts,
        failure=None if state in ("ready", "stopping") else _overdue(pod, missing, late),
    )


def _overdue(pod: Document, missing: Collection[str], late: dict[int, str]) -> Failure | None:
    """The failure of a pod; when its time to start is over, that is final."""
    failure, text = _failure(pod, missing), late.get(revision_of(pod))
    if text is None or (failure is not None and failure.reason == "SecretNotFound"):
        return failure
    cause = f": {failure.message}" if failure else ""
    return Failure("StartTimeout", text + cause, failure.log if failure else "")


def _failure(pod: Document, missing: Collection[str]) -> Failure | None:
    container = _container(pod)
    state = container.get("state", {})
    waiting = state.get("waiting", {})
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return Failure("Unschedulable", _short(scheduled.get("message", "no node has room")))
    if reason := _WAITING.get(waiting.get("reason", "")):
        return _cannot_start(reason, waiting.get("message", ""))
    if missing:
        names = ", ".join(sorted(missing))
        return Failure("SecretNotFound", f"there is no secret {names}, which the function needs")
    ended = state.get("terminated") or container.get("lastState", {}).get("terminated")
    if ended:
        return _ended(ended, looping=waiting.get("reason") == "CrashLoopBackOff")
    return None


def _cannot_start(reason: str, message: str) -> Failure:
    said = message.casefold()
    if reason == "CannotStart" and "secret" in said:
        reason = "SecretNotFound"
    elif reason == "ImagePullFailed" and ("not found" in said or "manifest unknown" in said):
        reason = "ImageNotFound"
    return Failure(reason, _short(message) or reason)


def _ended(terminated: Document, *, looping: bool) -> Failure:
    """Why a container ended; the runtime leaves a report of its own in the termination message."""
    text = str(terminated.get("message", ""))
    if terminated.get("reason") == "OOMKilled":
        return Failure("OOMKilled", "it used more memory than its limit", _tail(text))
    report = _report(text)
    if report is not None:
        log = _tail(str(report.get("traceback", "")))
        return Failure(str(report["reason"]), _short(str(report.get("message", ""))), log)
    reason = "CrashLoopBackOff" if looping else "Exited"
    code = terminated.get("exitCode", 0)
    return Failure(reason, f"it exited with code {code}", _tail(text))


def _report(text: str) -> dict[str, Any] | None:
    """The report of runtimes/CONTRACT.md, sentence 12; user code could have written the text."""
    try:
        report = json.loads(text)
    except ValueError:
        return None
    if not isinstance(report, dict) or not str(report.get("reason", "")).isalnum():
        return None
    return report if len(str(report["reason"])) <= 40 else None


def _too_late(deployment: Document) -> str:
    condition = _condition(deployment, "Progressing")
    if condition.get("reason") != "ProgressDeadlineExceeded":
        return ""
    seconds = deployment["spec"].get("progressDeadlineSeconds", 0)
    return f"it was not ready within {seconds} seconds"


def _refused(deployment: Document) -> Failure | None:
    """Why a Deployment gets no pods: a quota, an admission rule."""
    condition = _condition(deployment, "ReplicaFailure")
    if condition.get("status") != "True":
        return None
    message = condition.get("message", "")
    reason = "QuotaExceeded" if "exceeded quota" in message else "CannotStart"
    return Failure(reason, _short(message))


def _is_over(pod: Document) -> bool:
    """Ended for good: evicted, say; the Deployment makes another one."""
    return pod.get("status", {}).get("phase") in ("Failed", "Succeeded")


def _was_ready(pod: Document) -> bool:
    ready, begun = _condition(pod, "Ready"), _condition(pod, "ContainersReady")
    scheduled = _condition(pod, "PodScheduled").get("lastTransitionTime")
    times = (ready.get("lastTransitionTime"), begun.get("lastTransitionTime"))
    return scheduled is not None and any(time and time > scheduled for time in times)


def _container(pod: Document) -> Document:
    statuses = pod.get("status", {}).get("containerStatuses") or [{}]
    return next((s for s in statuses if s.get("name") == "function"), statuses[0])


def _condition(document: Document, type_: str) -> Document:
    conditions = document.get("status", {}).get("conditions") or ()
    return next((c for c in conditions if c["type"] == type_), {})


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()


def _short(text: str) -> str:
    return text if len(text) <= MESSAGE else text[: MESSAGE - 1] + "…"


def _tail(text: str) -> str:
    return text[-LOG:].strip()
