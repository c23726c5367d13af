"""`plat delete`: delete functions with all their revisions."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer
from plat_core.errors import InvalidInput
from plat_core.model.refs import FunctionRef

from plat_cli.client import function_path, namespaced
from plat_cli.command import Session, command
from plat_cli.deployment import stored
from plat_cli.errors import NotReady

app = typer.Typer(add_completion=False)


@command(app, shows=("plat delete hello", "plat delete hello orders -y"))
def delete(
    session: Session,
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="Names of the functions.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until they are deleted.")] = True,
) -> None:
    """Delete functions. Running calls finish first."""
    refs = [session.ref(name) for name in names]
    _confirm(session, ", ".join(names), yes=yes)
    for ref in refs:
        session.subject = ref.name
        session.client.call("DELETE", function_path(ref), query=namespaced(ref))
        if wait:
            _wait_until_deleted(session, ref)
        session.out.note(f"deleted {ref}")
    session.out.document({"deleted": names})


def _confirm(session: Session, names: str, *, yes: bool) -> None:
    if yes or session.out.as_json:
        return
    if not sys.stdin.isatty():
        raise InvalidInput(
            f"cannot ask for confirmation to delete {names}: stdin is not a terminal",
            fix=f"plat delete {names.replace(',', '')} -y",
        )
    typer.confirm(f"Delete {names}?", abort=True, err=True)


def _wait_until_deleted(session: Session, ref: FunctionRef, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    with session.out.phase("delete"):
        while stored(session.client, ref):
            if time.monotonic() > deadline:
                raise NotReady(f"{ref} is not deleted after {timeout:g} s", reason="Deleting")
            time.sleep(0.05)
