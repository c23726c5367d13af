"""`plat doctor`: check that this machine has what plat needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plat_cli import settings
from plat_cli.checks import all_checks
from plat_cli.command import Session, command
from plat_cli.errors import ExitCode
from plat_cli.kind import commands as kind_commands

app = typer.Typer(add_completion=False)

MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@command(
    app, shows=("plat doctor", "plat doctor --docker", "plat doctor --kind", "plat doctor --json")
)
def doctor(
    session: Session,
    home: Annotated[Path | None, typer.Option(help="State directory (or PLAT_HOME).")] = None,
    docker: Annotated[bool, typer.Option("--docker", help="Also check the Docker set-up.")] = False,
    kind: Annotated[bool, typer.Option("--kind", help="Check the kind cluster instead.")] = False,
    name: Annotated[
        str | None, typer.Option(help="Name of the kind cluster (default plat).", metavar="CLUSTER")
    ] = None,
) -> int:
    """Check what plat needs and show how to fix problems.

    The Docker set-up is also checked if CONTROLLER_URL is set, or in a clone that has a .env file.
    Exits with 1 if a check fails.
    """
    found = []
    if kind:
        kind_commands.reject_options(home=home, docker=docker or None)
        checks = kind_commands.checks(name)
    else:
        kind_commands.require_kind(name=name)
        checks = all_checks(session.settings, settings.home(home), docker=docker)
    for check in checks:
        found.append(check)
        mark, colour = MARKS[check.level]
        session.out.result(f"{session.out.style(mark, colour)} {check.name:<10} {check.text}")
        if check.level != "ok" and check.fix:
            session.out.result(f"    → {check.fix.splitlines()[0]}")
    failed = any(check.level == "fail" for check in found)
    lines = [{"name": c.name, "level": c.level, "text": c.text, "fix": c.fix} for c in found]
    session.out.document({"ok": not failed, "checks": lines})
    return ExitCode.FAILED if failed else ExitCode.OK
