"""`plat down`: stop the embedded platform, or delete the kind cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plat_cli import embedded, settings
from plat_cli.command import Session, command
from plat_cli.kind import commands as kind_commands

app = typer.Typer(add_completion=False)


@command(app, shows=("plat down", "plat down --home ./state", "plat down --kind"))
def down(
    session: Session,
    home: Annotated[Path | None, typer.Option(help="State directory (or PLAT_HOME).")] = None,
    grace: Annotated[
        float,
        typer.Option(min=0.1, max=600, help="Seconds to wait before the processes are killed."),
    ] = embedded.STOP_TIMEOUT,
    kind: Annotated[
        bool, typer.Option("--kind", help="Delete the kind cluster and its registry.")
    ] = False,
    name: Annotated[
        str | None, typer.Option(help="Name of the kind cluster (default plat).", metavar="CLUSTER")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="With --kind: do not ask for confirmation.")
    ] = False,
) -> None:
    """Stop the platform on this machine.

    Running calls finish first. The next `plat up` restores the functions. With --kind, the cluster
    and all its functions are deleted.
    """
    if kind:
        kind_commands.reject_options(home=home)
        kind_commands.down(session, name, yes=yes)
        return
    kind_commands.require_kind(name=name, yes=yes or None)
    state_directory = settings.home(home)
    running = embedded.find(state_directory)
    if running is None:
        session.out.note(f"plat is not running (state directory {state_directory})")
        session.out.document({"stopped": False})
        return
    with session.out.phase("stop") as phase:
        killed = embedded.stop(running, grace)
        phase.detail = f"pid {running.pid}" + (", killed" if killed else "")
    session.out.document({"stopped": True, "pid": running.pid, "killed": killed})
