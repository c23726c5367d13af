"""The proof that it works: an example's Function is applied, gets ready, and is called."""

from __future__ import annotations

from pathlib import Path

from plat_core.errors import Unavailable

from plat_cli.client import Client
from plat_cli.faults import NotReady
from plat_cli.kind import cluster
from plat_cli.kind.place import Place
from plat_cli.kind.programs import ProgramFailed, Say

MANIFEST = "examples/08-kubernetes/function.yaml"
NAME = "greeter"
READY = 180
CALLED = 60.0


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


def call(place: Place) -> str:
    """What the example answers through the gateway; raises Unavailable where it is not 200."""
    client = Client(place.url, timeout=CALLED)
    try:
        answered = client.send("GET", f"/function/{NAME}")
        text = answered.read(4096).decode("utf-8", "replace").strip()
        status = answered.status
    finally:
        client.close()
    if status != 200:
        raise Unavailable(
            f"{place.url}/function/{NAME} answers {status}: {text}",
            fix=cluster.typed(place, f"describe fn {NAME}"),
        )
    return text


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
