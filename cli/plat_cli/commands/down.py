"""`plat down`: the embedded platform stops; with `--kind`, the cluster is deleted."""

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
    home: Annotated[Path | None, typer.Option(help="The state directory; also PLAT_HOME.")] = None,
    grace: Annotated[
        float, typer.Option(min=0.1, max=600, help="Seconds until force is used.")
    ] = embedded.STOP_TIMEOUT,
    kind: Annotated[
        bool, typer.Option("--kind", help="Delete the kind cluster and its registry.")
    ] = False,
    name: Annotated[
        str | None, typer.Option(help="With --kind: the cluster; else plat.", metavar="CLUSTER")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --kind: do not ask.")] = False,
) -> None:
    """Stop the platform of this machine.

    Calls under way finish first. The functions come back with the next `plat up`; with --kind they
    are gone, as everything in the cluster.
    """
    if kind:
        kind_commands.reject_options(home=home)
        kind_commands.down(session, name, yes=yes)
        return
    kind_commands.require_kind(name=name, yes=yes or None)
    place = settings.home(home)
    running = embedded.find(place)
    if running is None:
        session.out.note(f"plat does not run (looked in {place})")
        session.out.document({"stopped": False})
        return
    with session.out.phase("stop") as phase:
        killed = embedded.stop(running, grace)
        phase.detail = f"pid {running.pid}" + (" by force" if killed else "")
    session.out.document({"stopped": True, "pid": running.pid, "killed": killed})
