"""Finds out why pods are not ready, from their status and logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from plat_cli.kind import cluster
from plat_cli.kind.subprocesses import CommandFailed
from plat_cli.kind.target import KindCluster

PERMANENT_REASONS = frozenset(
    {"CrashLoopBackOff", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"}
)
"""Reasons that waiting does not resolve."""
STARTING_REASONS = frozenset({"", "ContainerCreating", "PodInitializing"})


@dataclass(frozen=True, slots=True)
class PodProblem:
    """Why a pod is not ready. `permanent` means that waiting does not help."""

    text: str
    permanent: bool


def pod_problems(target: KindCluster, namespace: str) -> list[PodProblem]:
    """Return the problems of the pods of the current ReplicaSets of a namespace.

    Pods of older ReplicaSets are terminating and are skipped. The list is empty if the cluster
    cannot be queried.
    """
    try:
        arguments = ("-n", namespace, "get", "replicasets,pods", "-o", "json")
        found = json.loads(cluster.kubectl(target, *arguments))["items"]
    except CommandFailed:
        return []
    current = _current([one for one in found if one["kind"] == "ReplicaSet"])
    pods = [one for one in found if one["kind"] == "Pod" and _hash(one) in current]
    return [problem for pod in pods for problem in _of(target, pod)]


def _current(replicasets: list[dict[str, Any]]) -> set[str]:
    """Return the template hash of the newest ReplicaSet of each Deployment."""
    newest: dict[str, tuple[int, str]] = {}
    for one in replicasets:
        metadata = one["metadata"]
        owner = metadata["ownerReferences"][0]["name"]
        revision = int(metadata["annotations"]["deployment.kubernetes.io/revision"])
        newest[owner] = max(newest.get(owner, (0, "")), (revision, _hash(one)))
    return {hashed for _, hashed in newest.values()}


def _hash(one: dict[str, Any]) -> str:
    return str(one["metadata"].get("labels", {}).get("pod-template-hash", ""))


def _of(target: KindCluster, pod: dict[str, Any]) -> Iterator[PodProblem]:
    name, status = pod["metadata"]["name"], pod.get("status", {})
    for condition in status.get("conditions", ()):
        if condition.get("reason") == "Unschedulable":
            yield PodProblem(f"{name}: {condition.get('message', '')}", permanent=False)
    for container in (
        *status.get("initContainerStatuses", ()),
        *status.get("containerStatuses", ()),
    ):
        waiting = container.get("state", {}).get("waiting") or {}
        reason = waiting.get("reason", "")
        if reason in STARTING_REASONS:
            continue
        why = waiting.get("message", "")
        if reason == "CrashLoopBackOff":
            why = _crash_output(target, pod, container["name"]) or why
        yield PodProblem(
            f"{name}: {reason}: {why}".rstrip(": "), permanent=reason in PERMANENT_REASONS
        )


def _crash_output(target: KindCluster, pod: dict[str, Any], container: str) -> str:
    """Return the last lines that a container printed before it exited."""
    of = ("-n", pod["metadata"]["namespace"], pod["metadata"]["name"], "-c", container)
    try:
        output = cluster.kubectl(target, "logs", *of, "--previous", "--tail=3")
    except CommandFailed:
        return ""
    return "\n    ".join(output.strip().splitlines())
