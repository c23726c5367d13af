"""From pods and Deployments to replicas, each with the real cause of its trouble. Pure."""

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
"""Seconds of readiness after which earlier crashes are forgotten."""
MESSAGE: Final = 500
LOG: Final = 4096
LAST_LINE: Final = 200
KILLED: Final = (137, 143)
"""Exit codes of a container that was ended by a signal, as the kubelet's after a failed probe."""

_WAITING: Final = {
    "ErrImagePull": "ImagePullFailed",
    "ImagePullBackOff": "ImagePullFailed",
    "InvalidImageName": "ImageNotFound",
    "ErrImageNeverPull": "ImageNotFound",
    "CreateContainerConfigError": "CannotStart",
    "CreateContainerError": "CannotStart",
    "RunContainerError": "CannotStart",
}
_DENIED: Final = ("unauthorized", "authorization", "no basic auth", "forbidden", "access denied")
"""How registries, and the kubelet about them, say that a login is missing or wrong."""
_NOTHING: Final[Mapping[str, str]] = {}


def replicas(
    pods: Sequence[Document],
    deployments: Sequence[Document],
    *,
    now: float,
    missing: Collection[str] = (),
    probed: Mapping[str, str] = _NOTHING,
) -> list[Replica]:
    """The replicas of one function; `missing` names the secrets that it needs and has not.

    `probed` has what the kubelet said last about a failed probe, by the uid of the pod. A
    Deployment that cannot even make a pod counts as a replica that waits.
    """
    late = {revision_of(d): text for d in deployments if (text := _too_late(d))}
    seen = [_replica(pod, now, missing, late, probed) for pod in pods if not _is_over(pod)]
    for stuck in deployments:
        if reason := _refused(stuck):
            since = _seconds(stuck["metadata"]["creationTimestamp"])
            revision = revision_of(stuck)
            failure = _final(reason, late.get(revision))
            seen.append(Replica(name_of(stuck), revision, "waiting", since, failure=failure))
    return seen


def unexplained(pods: Sequence[Document], deployments: Sequence[Document]) -> list[Document]:
    """The pods of which a failed probe may be the trouble: only an Event tells of that."""
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


def _replica(
    pod: Document,
    now: float,
    missing: Collection[str],
    late: Mapping[int, str],
    probed: Mapping[str, str],
) -> Replica:
    state, number = state_of(pod), revision_of(pod)
    if state == "starting" and number in late:
        # nobody ends it, but nobody counts on it any more
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
        failure=None if state in ("ready", "stopping") else _overdue(pod, missing, late, probed),
    )


def _overdue(
    pod: Document, missing: Collection[str], late: Mapping[int, str], probed: Mapping[str, str]
) -> Failure | None:
    """The failure of a pod; when its time to start is over, that is final."""
    said = probed.get(pod["metadata"].get("uid", ""), "")
    failure, text = _failure(pod, missing, said), late.get(revision_of(pod))
    if failure is None and text is not None:
        probe = f": {_short(said)}" if said else ""
        return Failure("StartTimeout", text + probe, final=True)
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
    if reason := _WAITING.get(waiting.get("reason", "")):
        return _cannot_start(reason, waiting.get("message", ""))
    if missing:
        names = ", ".join(sorted(missing))
        return Failure("SecretNotFound", f"there is no secret {names}, which the function needs")
    if ended := _last_end(pod):
        looping = waiting.get("reason") == "CrashLoopBackOff"
        return _ended(ended, looping=looping, probed=probed)
    if state_of(pod) == "unready":
        return Failure("Unhealthy", _short(probed) or "it does not answer its readiness probe")
    return None


def _last_end(pod: Document) -> Document:
    container = _container(pod)
    ended = container.get("state", {}).get("terminated")
    return ended or container.get("lastState", {}).get("terminated") or {}


def _cannot_start(reason: str, message: str) -> Failure:
    said = message.casefold()
    if reason == "CannotStart" and "secret" in said:
        reason = "SecretNotFound"
    elif reason == "ImagePullFailed" and any(word in said for word in _DENIED):
        reason = "ImagePullDenied"
    elif reason == "ImagePullFailed" and ("not found" in said or "manifest unknown" in said):
        reason = "ImageNotFound"
    return Failure(reason, _short(message) or reason)


def _ended(terminated: Document, *, looping: bool, probed: str) -> Failure:
    """Why a container ended; the runtime leaves a report of its own in the termination message."""
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
    said = f": {last[-LAST_LINE:]}" if last else ""
    reason = "CrashLoopBackOff" if looping else "Exited"
    return Failure(reason, f"it exited with code {code}{said}", _tail(text))


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
    reason = "QuotaExceeded" if "exceeded quota" in message else "PodRefused"
    return Failure(reason, _short(message))


def _is_over(pod: Document) -> bool:
    """Ended for good: evicted, say; the Deployment makes another one."""
    return pod.get("status", {}).get("phase") in ("Failed", "Succeeded")


def _was_ready(pod: Document) -> bool:
    """Both conditions are false from the kubelet's first word on; a later change of one is told."""
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
    return text if len(text) <= MESSAGE else text[: MESSAGE - 1] + "…"


def _tail(text: str) -> str:
    return text[-LOG:].strip()
