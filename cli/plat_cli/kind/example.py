"""Deploys the example function to check that the cluster works."""

from __future__ import annotations

from pathlib import Path

from plat_cli.errors import NotReady
from plat_cli.kind import cluster
from plat_cli.kind.subprocesses import CommandFailed, OnProgress
from plat_cli.kind.target import KindCluster

MANIFEST = "examples/08-kubernetes/function.yaml"
NAME = "greeter"
READY = 180
PATH = f"/function/{NAME}"


def deploy(target: KindCluster, root: Path, on_progress: OnProgress) -> None:
    """Apply the example and wait until it is ready. Raises NotReady with the reason."""
    text = (root / MANIFEST).read_text(encoding="utf-8")
    applied = ("apply", "--server-side", "--force-conflicts", "--field-manager", "plat-up")
    cluster.kubectl(target, *applied, "-f", "-", text=text)
    on_progress(f"waiting for {NAME}")
    # The status may still describe the previous generation.
    observed = "jsonpath={.metadata.generation}"
    generation = cluster.kubectl(target, "get", f"fn/{NAME}", "-o", observed)
    observed_now = f"--for=jsonpath={{.status.observedGeneration}}={generation}"
    try:
        _wait(target, observed_now)
        _wait(target, "--for=condition=Ready")
    except CommandFailed as error:
        raise _not_ready(target) from error


def _wait(target: KindCluster, condition: str) -> None:
    cluster.kubectl(
        target, "wait", condition, f"fn/{NAME}", f"--timeout={READY}s", timeout=READY + 30
    )


def _not_ready(target: KindCluster) -> NotReady:
    path = 'jsonpath={range .status.conditions[?(@.type=="Ready")]}{.reason}|{.message}{end}'
    reason, _, message = cluster.kubectl(target, "get", f"fn/{NAME}", "-o", path).partition("|")
    return NotReady(
        f"{NAME} is not ready after {READY} s: {message or 'no status yet'}",
        reason=reason,
        fix=cluster.kubectl_line(target, f"describe fn {NAME}"),
    )
