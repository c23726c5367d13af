"""`plat start`, `plat stop` and `plat redeploy`: one verb of the API each."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from plat_cli import deployment
from plat_cli.client import function_path, namespaced
from plat_cli.command import Session, command

app = typer.Typer(add_completion=False)

Name = Annotated[str, typer.Argument(help="Which function.")]
Wait = Annotated[bool, typer.Option(help="Wait until it is so.")]


@command(app, shows=("plat start hello",))
def start(session: Session, name: Name, wait: Wait = True) -> None:
    """Let a stopped function run again."""
    _tell(session, name, "start", wait=wait)


@command(app, shows=("plat stop hello",))
def stop(session: Session, name: Name) -> None:
    """Stop a function until it is started again.

    No replica runs, and calls are answered with 503.
    """
    _tell(session, name, "stop", wait=False)


@command(app, shows=("plat redeploy hello",))
def redeploy(session: Session, name: Name, wait: Wait = True) -> None:
    """Replace a function's replicas with fresh ones.

    A new revision from the same artifact: no call fails meanwhile.
    """
    _tell(session, name, "redeploy", wait=wait)


def _tell(session: Session, name: str, verb: str, *, wait: bool) -> None:
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
