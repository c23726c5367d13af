"""Applies the rendered manifests of the platform with the kubectl of the node."""

from __future__ import annotations

import base64
import json
import re
import time
from pathlib import Path
from typing import Any

from plat_core.errors import Unavailable

from plat_cli.kind import checkout, cluster, pods
from plat_cli.kind.subprocesses import CommandFailed, OnProgress
from plat_cli.kind.target import KindCluster

NAMESPACE = "plat-system"
SECRET = "plat-token"  # noqa: S105 - its name
KEY = "AUTH_TOKEN"
MANAGER = "plat-up"
DEFAULT = KindCluster()
IMAGE = re.compile(rf"{re.escape(DEFAULT.images)}/plat-([a-z-]+):built\b")
"""Image names in the manifests. The tag is replaced by that of the clone."""
ROLLOUT = 240.0
"""Timeout (s) for all pods to become ready."""
RESTART_GRACE = 180.0
"""Time (s) after a restart during which crashes are expected, because addresses change."""
CHECK_INTERVAL = 10.0
"""Seconds between checks of pods that are not ready."""


def manifest(root: Path, target: KindCluster, tag: str) -> str:
    """Return the manifests of the clone for this cluster and these images."""
    text = (root / checkout.MANIFEST).read_text(encoding="utf-8")
    text = IMAGE.sub(rf"{target.images}/plat-\1:{tag}", text)
    for default, own in (
        (DEFAULT.images, target.images),
        (DEFAULT.url, target.url),
        (f"{DEFAULT.registry}:", f"{target.registry}:"),
    ):
        text = text.replace(default, own)
    return text


def parts(root: Path) -> tuple[str, ...]:
    """Return the images of the platform in the manifests."""
    found = IMAGE.findall((root / checkout.MANIFEST).read_text(encoding="utf-8"))
    return tuple(dict.fromkeys(found))


def install(
    target: KindCluster,
    documents: str,
    token: str,
    on_progress: OnProgress,
    *,
    restarted: bool = False,
) -> bool:
    """Apply the manifests and wait for the rollout; return whether a Deployment changed.

    In a cluster that was `restarted`, containers may crash until all pods are back.
    Raises Unavailable with the problems of the pods if the rollout fails.
    """
    before = _generations(target)
    stale = before and _token(target) != token
    on_progress("applying")
    whole = "\n---\n".join([documents, *map(json.dumps, (_secret(token), _hosting(target)))])
    applied = ("apply", "--server-side", "--force-conflicts", "--field-manager", MANAGER)
    try:
        cluster.kubectl(target, *applied, "-f", "-", text=whole, timeout=120)
        if stale:
            cluster.kubectl(target, "-n", NAMESPACE, "rollout", "restart", *_workloads(target))
        changed = _generations(target) != before
    except CommandFailed as error:
        raise Unavailable(
            f"the cluster {target.name} rejected the manifests: {error.tail}",
            fix=f"{_kubectl_line(target)} get pods",
        ) from error
    _wait_for_rollout(target, on_progress, grace=RESTART_GRACE if restarted else 0.0)
    return changed


def _secret(token: str) -> dict[str, Any]:
    metadata = {"name": SECRET, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {KEY: token}}


def _hosting(target: KindCluster) -> dict[str, Any]:
    """Return the ConfigMap that announces the registry (KEP 1755)."""
    metadata = {"name": "local-registry-hosting", "namespace": "kube-public"}
    data = {"localRegistryHosting.v1": json.dumps({"host": target.images})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _token(target: KindCluster) -> str:
    path = f"jsonpath={{.data.{KEY}}}"
    one = ("get", "secret", SECRET, "--ignore-not-found", "-o", path)
    return base64.b64decode(cluster.kubectl(target, "-n", NAMESPACE, *one)).decode(
        "utf-8", "replace"
    )


def _workloads(target: KindCluster) -> list[str]:
    return cluster.kubectl(target, "-n", NAMESPACE, "get", "deployments", "-o", "name").split()


def _generations(target: KindCluster) -> str:
    """Return the generations of all Deployments, empty if there are none."""
    path = "jsonpath={range .items[*]}{.metadata.name}={.metadata.generation} {end}"
    return cluster.kubectl(target, "-n", NAMESPACE, "get", "deployments", "-o", path)


def _wait_for_rollout(target: KindCluster, on_progress: OnProgress, *, grace: float) -> None:
    """Wait for every Deployment. Fail after `grace` if pods have permanent problems."""
    end = time.monotonic() + ROLLOUT
    early = time.monotonic() + grace
    for workload in _workloads(target):
        on_progress(f"waiting for {workload.rpartition('/')[2]}")
        while not _rolled_out(
            target, workload, timeout=min(CHECK_INTERVAL, end - time.monotonic())
        ):
            found = pods.pod_problems(target, NAMESPACE)
            now = time.monotonic()
            if now > end or (now > early and any(one.permanent for one in found)):
                raise _not_ready(target, found)
            for one in found:
                on_progress(one.text)


def _rolled_out(target: KindCluster, workload: str, *, timeout: float) -> bool:
    status = ("rollout", "status", workload, f"--timeout={max(1, int(timeout))}s")
    try:
        cluster.kubectl(target, "-n", NAMESPACE, *status, timeout=CHECK_INTERVAL + 30)
    except CommandFailed as error:
        if "timed out" in error.output:
            return False
        raise
    return True


def _not_ready(target: KindCluster, found: list[pods.PodProblem]) -> Unavailable:
    problems = "\n  ".join(one.text for one in found) or "the pods did not become ready in time"
    return Unavailable(
        f"the platform does not become ready in the cluster {target.name}:\n  {problems}",
        fix=f"{_kubectl_line(target)} describe pods\n{_kubectl_line(target)} get events",
    )


def _kubectl_line(target: KindCluster) -> str:
    return cluster.kubectl_line(target, f"-n {NAMESPACE}")
