"""The platform inside the cluster: the rendered manifests, applied by the node's own kubectl."""

from __future__ import annotations

import base64
import json
import re
import time
from pathlib import Path
from typing import Any

from plat_core.errors import Unavailable

from plat_cli.kind import checkout, cluster, pods
from plat_cli.kind.place import Place
from plat_cli.kind.programs import ProgramFailed, Say

NAMESPACE = "plat-system"
SECRET = "plat-token"  # noqa: S105 - its name
KEY = "AUTH_TOKEN"
MANAGER = "plat-up"
DEFAULT = Place()
IMAGE = re.compile(rf"{re.escape(DEFAULT.images)}/plat-([a-z-]+):built\b")
"""How the manifests name an image of the platform: its version is what the clone holds."""
ROLLOUT = 240.0
"""Seconds that all of the platform's pods get to be ready."""
WAKING = 180.0
"""Seconds in which a crash says little: the API server's address may be another at first."""
LOOK = 10.0
"""Seconds between two looks at why they are not."""


def manifest(root: Path, place: Place, tag: str) -> str:
    """The rendered manifests of the clone, for this cluster and these images."""
    text = (root / checkout.MANIFEST).read_text(encoding="utf-8")
    text = IMAGE.sub(rf"{place.images}/plat-\1:{tag}", text)
    for default, own in (
        (DEFAULT.images, place.images),
        (DEFAULT.url, place.url),
        (f"{DEFAULT.registry}:", f"{place.registry}:"),
    ):
        text = text.replace(default, own)
    return text


def parts(root: Path) -> tuple[str, ...]:
    """The images of the platform that the manifests name."""
    found = IMAGE.findall((root / checkout.MANIFEST).read_text(encoding="utf-8"))
    return tuple(dict.fromkeys(found))


def install(place: Place, documents: str, token: str, say: Say, *, woken: bool = False) -> bool:
    """Bring the platform to what the documents say, and wait for it; returns whether it changed.

    In a cluster that was `woken`, containers may crash until all of it is back.
    Raises Unavailable, with what the pods say, where it does not get ready.
    """
    before = _generations(place)
    stale = before and _token(place) != token
    say("applies")
    whole = "\n---\n".join([documents, *map(json.dumps, (_secret(token), _hosting(place)))])
    applied = ("apply", "--server-side", "--force-conflicts", "--field-manager", MANAGER)
    try:
        cluster.kubectl(place, *applied, "-f", "-", text=whole, timeout=120)
        if stale:
            cluster.kubectl(place, "-n", NAMESPACE, "rollout", "restart", *_workloads(place))
        changed = _generations(place) != before
    except ProgramFailed as error:
        raise Unavailable(
            f"the cluster {place.name} refuses the platform: {error.end}",
            fix=f"{_look(place)} get pods",
        ) from error
    _until_rolled_out(place, say, patience=WAKING if woken else 0.0)
    return changed


def _secret(token: str) -> dict[str, Any]:
    metadata = {"name": SECRET, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {KEY: token}}


def _hosting(place: Place) -> dict[str, Any]:
    """Where tools find the cluster's registry (KEP 1755)."""
    metadata = {"name": "local-registry-hosting", "namespace": "kube-public"}
    data = {"localRegistryHosting.v1": json.dumps({"host": place.images})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _token(place: Place) -> str:
    path = f"jsonpath={{.data.{KEY}}}"
    one = ("get", "secret", SECRET, "--ignore-not-found", "-o", path)
    return base64.b64decode(cluster.kubectl(place, "-n", NAMESPACE, *one)).decode(
        "utf-8", "replace"
    )


def _workloads(place: Place) -> list[str]:
    return cluster.kubectl(place, "-n", NAMESPACE, "get", "deployments", "-o", "name").split()


def _generations(place: Place) -> str:
    """What changes where a Deployment is changed; empty where there is none."""
    path = "jsonpath={range .items[*]}{.metadata.name}={.metadata.generation} {end}"
    return cluster.kubectl(place, "-n", NAMESPACE, "get", "deployments", "-o", path)


def _until_rolled_out(place: Place, say: Say, *, patience: float) -> None:
    """Wait for every Deployment; give up early, after `patience`, where its pods cannot start."""
    end = time.monotonic() + ROLLOUT
    early = time.monotonic() + patience
    for workload in _workloads(place):
        say(f"waits for {workload.rpartition('/')[2]}")
        while not _rolled_out(place, workload, timeout=min(LOOK, end - time.monotonic())):
            found = pods.troubles(place, NAMESPACE)
            now = time.monotonic()
            if now > end or (now > early and any(one.lasting for one in found)):
                raise _not_ready(place, found)
            for one in found:
                say(one.text)


def _rolled_out(place: Place, workload: str, *, timeout: float) -> bool:
    status = ("rollout", "status", workload, f"--timeout={max(1, int(timeout))}s")
    try:
        cluster.kubectl(place, "-n", NAMESPACE, *status, timeout=LOOK + 30)
    except ProgramFailed as error:
        if "timed out" in error.said:
            return False
        raise
    return True


def _not_ready(place: Place, found: list[pods.Trouble]) -> Unavailable:
    said = "\n  ".join(one.text for one in found) or "its pods are not ready in time"
    return Unavailable(
        f"the platform does not get ready in the cluster {place.name}:\n  {said}",
        fix=f"{_look(place)} describe pods\n{_look(place)} get events",
    )


def _look(place: Place) -> str:
    return cluster.typed(place, f"-n {NAMESPACE}")
