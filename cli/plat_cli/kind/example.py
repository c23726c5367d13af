"""The proof that it works: an example's Function is applied, and gets ready."""

from __future__ import annotations

from pathlib import Path

from plat_cli.faults import NotReady
from plat_cli.kind import cluster
from plat_cli.kind.place import Place
from plat_cli.kind.programs import ProgramFailed, Say

MANIFEST = "examples/08-kubernetes/function.yaml"
NAME = "greeter"
READY = 180
PATH = f"/function/{NAME}"


def deploy(place: Place, root: Path, say: Say) -> None:
    """Apply the example and wait until it is ready; raises NotReady with what its status says."""
    text = (root / MANIFEST).read_text(encoding="utf-8")
    applied = ("apply", "--server-side", "--force-conflicts", "--field-manager", "plat-up")
    cluster.kubectl(place, *applied, "-f", "-", text=text)
    say(f"waits until {NAME} is ready")
    # the status may still be the one of what was stored before
    observed = "jsonpath={.metadata.generation}"
    generation = cluster.kubectl(place, "get", f"fn/{NAME}", "-o", observed)
    seen = f"--for=jsonpath={{.status.observedGeneration}}={generation}"
    try:
        _wait(place, seen)
        _wait(place, "--for=condition=Ready")
    except ProgramFailed as error:
        raise _not_ready(place) from error


def _wait(place: Place, what: str) -> None:
    cluster.kubectl(place, "wait", what, f"fn/{NAME}", f"--timeout={READY}s", timeout=READY + 30)


def _not_ready(place: Place) -> NotReady:
    path = 'jsonpath={range .status.conditions[?(@.type=="Ready")]}{.reason}|{.message}{end}'
    reason, _, message = cluster.kubectl(place, "get", f"fn/{NAME}", "-o", path).partition("|")
    return NotReady(
        f"{NAME} is not ready after {READY} s: {message or 'its status says nothing yet'}",
        reason=reason,
        fix=cluster.typed(place, f"describe fn {NAME}"),
    )
