"""`plat start`, `plat stop` and `plat redeploy`, each one request."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from plat_cli import deployment
from plat_cli.client import function_path, namespaced
from plat_cli.command import Session, command

app = typer.Typer(add_completion=False)

Name = Annotated[str, typer.Argument(help="Name of the function.")]
Wait = Annotated[bool, typer.Option(help="Wait until the function is ready.")]


@command(app, shows=("plat start hello",))
def start(session: Session, name: Name, wait: Wait = True) -> None:
    """Start a stopped function."""
    _send(session, name, "start", wait=wait)


@command(app, shows=("plat stop hello",))
def stop(session: Session, name: Name) -> None:
    """Stop a function until it is started again.

    All replicas stop, and calls are rejected with 503.
    """
    _send(session, name, "stop", wait=False)


@command(app, shows=("plat redeploy hello",))
def redeploy(session: Session, name: Name, wait: Wait = True) -> None:
    """Replace the replicas of a function.

    A new revision is created from the same artifact. No call fails.
    """
    _send(session, name, "redeploy", wait=wait)


def _send(session: Session, name: str, verb: str, *, wait: bool) -> None:
    ref = session.ref(name)
    function: dict[str, Any] = session.client.call(
        "POST", f"{function_path(ref)}/{verb}", query=namespaced(ref)
    )
    if wait:
        generation = int(function["metadata"].get("generation") or 0)
        with session.out.phase(verb) as phase:
            function = deployment.wait(
                session.client, ref, generation, timeout=120, on_progress=phase.update
            )
    session.out.document(function)
    revision = deployment.status_of(function).get("revision")
    session.out.note(f"{verb}: {name}" + (f" ({revision})" if wait and revision else ""))
