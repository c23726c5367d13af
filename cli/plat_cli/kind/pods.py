"""Why pods are not ready, in the words of the cluster and of the containers themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from plat_cli.kind import cluster
from plat_cli.kind.place import Place
from plat_cli.kind.programs import ProgramFailed

LASTING = frozenset(
    {"CrashLoopBackOff", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"}
)
"""Reasons that do not go away by waiting."""
SOON = frozenset({"", "ContainerCreating", "PodInitializing"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps one pod from being ready; `lasting` where waiting does not help."""

    text: str
    lasting: bool


def troubles(place: Place, namespace: str) -> list[Trouble]:
    """The troubles of the pods of a namespace's Deployments as they are wanted now.

    Those of an earlier version are on their way out. Empty where all are well, or nobody can say.
    """
    try:
        asked = ("-n", namespace, "get", "replicasets,pods", "-o", "json")
        found = json.loads(cluster.kubectl(place, *asked))["items"]
    except ProgramFailed:
        return []
    current = _current([one for one in found if one["kind"] == "ReplicaSet"])
    pods = [one for one in found if one["kind"] == "Pod" and _hash(one) in current]
    return [trouble for pod in pods for trouble in _of(place, pod)]


def _current(replicasets: list[dict[str, Any]]) -> set[str]:
    """The hash of each Deployment's newest template."""
    newest: dict[str, tuple[int, str]] = {}
    for one in replicasets:
        metadata = one["metadata"]
        owner = metadata["ownerReferences"][0]["name"]
        revision = int(metadata["annotations"]["deployment.kubernetes.io/revision"])
        newest[owner] = max(newest.get(owner, (0, "")), (revision, _hash(one)))
    return {hashed for _, hashed in newest.values()}


def _hash(one: dict[str, Any]) -> str:
    return str(one["metadata"].get("labels", {}).get("pod-template-hash", ""))


def _of(place: Place, pod: dict[str, Any]) -> Iterator[Trouble]:
    name, status = pod["metadata"]["name"], pod.get("status", {})
    for condition in status.get("conditions", ()):
        if condition.get("reason") == "Unschedulable":
            yield Trouble(f"{name}: {condition.get('message', '')}", lasting=False)
    for container in (
        *status.get("initContainerStatuses", ()),
        *status.get("containerStatuses", ()),
    ):
        waiting = container.get("state", {}).get("waiting") or {}
        reason = waiting.get("reason", "")
        if reason in SOON:
            continue
        why = waiting.get("message", "")
        if reason == "CrashLoopBackOff":
            why = _last_words(place, pod, container["name"]) or why
        yield Trouble(f"{name}: {reason}: {why}".rstrip(": "), lasting=reason in LASTING)


def _last_words(place: Place, pod: dict[str, Any], container: str) -> str:
    """The end of what the container printed before it died."""
    of = ("-n", pod["metadata"]["namespace"], pod["metadata"]["name"], "-c", container)
    try:
        said = cluster.kubectl(place, "logs", *of, "--previous", "--tail=3")
    except ProgramFailed:
        return ""
    return "\n    ".join(said.strip().splitlines())
