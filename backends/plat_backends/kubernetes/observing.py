"""Replicas and the causes of their failures, derived from pods and Deployments. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from plat_core.ports import Endpoint, Failure, Replica, ReplicaState

from plat_backends.kubernetes.kinds import Document, name_of, revision_of
from plat_backends.replica.environment import PORT

SETTLED: Final = 10.0
"""Seconds of readiness after which earlier restarts no longer count."""
MESSAGE_LENGTH: Final = 500
LOG_LENGTH: Final = 4096
LAST_LINE_LENGTH: Final = 200
KILLED: Final = (137, 143)
"""Exit codes after SIGKILL and SIGTERM, which the kubelet sends after failed probes."""

_WAITING_REASONS: Final = {
    "ErrImagePull": "ImagePullFailed",
    "ImagePullBackOff": "ImagePullFailed",
    "InvalidImageName": "ImageNotFound",
    "ErrImageNeverPull": "ImageNotFound",
    "CreateContainerConfigError": "CannotStart",
    "CreateContainerError": "CannotStart",
    "RunContainerError": "CannotStart",
}
_DENIED: Final = ("unauthorized", "authorization", "no basic auth", "forbidden", "access denied")
"""Words of registries and the kubelet for missing or wrong credentials."""
_NO_MESSAGES: Final[Mapping[str, str]] = {}


def replicas(
    pods: Sequence[Document],
    deployments: Sequence[Document],
    *,
    now: float,
    missing: Collection[str] = (),
    probed: Mapping[str, str] = _NO_MESSAGES,
) -> list[Replica]:
    """Return the replicas of one function; `missing` names required secrets that do not exist.

    `probed` has the kubelet's last message about a failed probe, by the uid of the pod. A
    Deployment that cannot create a pod counts as a waiting replica.
    """
    late = {revision_of(d): text for d in deployments if (text := _too_late(d))}
    found = [_replica(pod, now, missing, late, probed) for pod in pods if not _is_over(pod)]
    for stuck in deployments:
        if reason := _creation_failure(stuck):
            since = _seconds(stuck["metadata"]["creationTimestamp"])
            revision = revision_of(stuck)
            failure = _final(reason, late.get(revision))
            found.append(Replica(name_of(stuck), revision, "waiting", since, failure=failure))
    return found


def unexplained(pods: Sequence[Document], deployments: Sequence[Document]) -> list[Document]:
    """Return the pods that a failed probe may explain, which only an Event reports."""
    late = {revision_of(d) for d in deployments if _too_late(d)}
    return [pod for pod in pods if not _is_over(pod) and _may_have_failed_a_probe(pod, late)]


def _may_have_failed_a_probe(pod: Document, late: Collection[int]) -> bool:
    if (state := state_of(pod)) in ("ready", "stopping"):
        return False
    ended = _last_end(pod)
    if ended and ended.get("exitCode") in KILLED:
        return ended.get("reason") != "OOMKilled"
    running = "running" in _container(pod).get("state", {})
    return running and (state == "unready" or revision_of(pod) in late)


def address_of(pod: Document) -> str | None:
    """Return the address of the endpoint of a pod, or None while it has no IP address."""
    ip = pod.get("status", {}).get("podIP")
    if not ip:
        return None
    return f"tcp:[{ip}]:{PORT}" if ":" in ip else f"tcp:{ip}:{PORT}"


def state_of(pod: Document) -> ReplicaState:
    """Return the state of a pod as a replica."""
    if "deletionTimestamp" in pod["metadata"]:
        return "stopping"
    if _condition(pod, "Ready").get("status") == "True":
        return "ready"
    container = _container(pod)
    if "reason" in container.get("state", {}).get("waiting", {}) and container.get("restartCount"):
        return "waiting"
    return "unready" if container.get("started") and _was_ready(pod) else "starting"


def _replica(
    pod: Document,
    now: float,
    missing: Collection[str],
    late: Mapping[int, str],
    probed: Mapping[str, str],
) -> Replica:
    state, number = state_of(pod), revision_of(pod)
    if state == "starting" and number in late:
        # its deadline is over; the Deployment does not delete it
        state = "waiting"
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
        failure=None
        if state in ("ready", "stopping")
        else _failure_with_deadline(pod, missing, late, probed),
    )


def _failure_with_deadline(
    pod: Document, missing: Collection[str], late: Mapping[int, str], probed: Mapping[str, str]
) -> Failure | None:
    """Return the failure of a pod, which is final after the deadline of its start."""
    probe = probed.get(pod["metadata"].get("uid", ""), "")
    failure, text = _failure(pod, missing, probe), late.get(revision_of(pod))
    if failure is None and text is not None:
        cause = f": {_short(probe)}" if probe else ""
        return Failure("StartTimeout", text + cause, final=True)
    return _final(failure, text) if failure else None


def _final(failure: Failure, text: str | None) -> Failure:
    if text is None or failure.reason == "SecretNotFound":
        return failure
    return replace(failure, message=_short(f"{text}: {failure.message}"), final=True)


def _failure(pod: Document, missing: Collection[str], probed: str) -> Failure | None:
    container = _container(pod)
    waiting = container.get("state", {}).get("waiting", {})
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return Failure("Unschedulable", _short(scheduled.get("message", "no node has room")))
    if reason := _WAITING_REASONS.get(waiting.get("reason", "")):
        return _cannot_start(reason, waiting.get("message", ""))
    if missing:
        names = ", ".join(sorted(missing))
        return Failure("SecretNotFound", f"there is no secret {names}, which the function needs")
    if ended := _last_end(pod):
        looping = waiting.get("reason") == "CrashLoopBackOff"
        return _ended(ended, looping=looping, probed=probed)
    if state_of(pod) == "unready":
        return Failure("Unhealthy", _short(probed) or "it does not respond to its readiness probe")
    return None


def _last_end(pod: Document) -> Document:
    container = _container(pod)
    ended = container.get("state", {}).get("terminated")
    return ended or container.get("lastState", {}).get("terminated") or {}


def _cannot_start(reason: str, message: str) -> Failure:
    text = message.casefold()
    if reason == "CannotStart" and "secret" in text:
        reason = "SecretNotFound"
    elif reason == "ImagePullFailed" and any(word in text for word in _DENIED):
        reason = "ImagePullDenied"
    elif reason == "ImagePullFailed" and ("not found" in text or "manifest unknown" in text):
        reason = "ImageNotFound"
    return Failure(reason, _short(message) or reason)


def _ended(terminated: Document, *, looping: bool, probed: str) -> Failure:
    """Return why a container exited; the runtime writes a report as termination message."""
    text = str(terminated.get("message", ""))
    if terminated.get("reason") == "OOMKilled":
        return Failure("OOMKilled", "it used more memory than its limit", _tail(text))
    report = _report(text)
    if report is not None:
        log = _tail(str(report.get("traceback", "")))
        return Failure(str(report["reason"]), _short(str(report.get("message", ""))), log)
    code = terminated.get("exitCode", 0)
    if code in KILLED and probed:
        return Failure("Unhealthy", _short(f"it was killed: {probed}"), _tail(text))
    last = text.strip().rpartition("\n")[2].strip()
    output = f": {last[-LAST_LINE_LENGTH:]}" if last else ""
    reason = "CrashLoopBackOff" if looping else "Exited"
    return Failure(reason, f"it exited with code {code}{output}", _tail(text))


def _report(text: str) -> dict[str, Any] | None:
    """Return the report of runtimes/CONTRACT.md, or None for text that user code wrote."""
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


def _creation_failure(deployment: Document) -> Failure | None:
    """Return why a Deployment cannot create pods, such as a quota or an admission rule."""
    condition = _condition(deployment, "ReplicaFailure")
    if condition.get("status") != "True":
        return None
    message = condition.get("message", "")
    reason = "QuotaExceeded" if "exceeded quota" in message else "PodRefused"
    return Failure(reason, _short(message))


def _is_over(pod: Document) -> bool:
    """Return whether a pod ended for good, such as an evicted one, which is replaced."""
    return pod.get("status", {}).get("phase") in ("Failed", "Succeeded")


def _was_ready(pod: Document) -> bool:
    """Return whether the pod was ready before.

    The kubelet sets both conditions to false in its first update, so a later transition of `Ready`
    means that it was true in between.
    """
    ready = _condition(pod, "Ready").get("lastTransitionTime")
    begun = _condition(pod, "Initialized").get("lastTransitionTime")
    return ready is not None and begun is not None and bool(ready > begun)


def _container(pod: Document) -> Document:
    statuses = pod.get("status", {}).get("containerStatuses") or [{}]
    return next((s for s in statuses if s.get("name") == "function"), statuses[0])


def _condition(document: Document, type_: str) -> Document:
    conditions = document.get("status", {}).get("conditions") or ()
    return next((c for c in conditions if c["type"] == type_), {})


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()


def _short(text: str) -> str:
    return text if len(text) <= MESSAGE_LENGTH else text[: MESSAGE_LENGTH - 1] + "…"


def _tail(text: str) -> str:
    return text[-LOG_LENGTH:].strip()
