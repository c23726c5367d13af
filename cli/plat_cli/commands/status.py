"""`plat status`: show the state of the platform."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from plat_cli import embedded, settings
from plat_cli.command import Session, command
from plat_cli.commands.list_functions import state
from plat_cli.output import size, span

app = typer.Typer(add_completion=False)


@command(app, shows=("plat status", "plat status --json", "plat status || plat up --detach"))
def status(
    session: Session,
    home: Annotated[Path | None, typer.Option(help="State directory (or PLAT_HOME).")] = None,
) -> None:
    """Show the state of the platform and of its functions."""
    running = embedded.find(settings.home(home))
    facts: dict[str, Any] = {"url": session.settings.api_url}
    if running:
        facts |= {
            "pid": running.pid,
            "uptimeSeconds": round(time.time() - running.started),
            "memoryBytes": memory(running.pid),
            "embeddedUrl": running.url,
        }
    info = session.client.call("GET", "/system/info") or {}
    functions = session.client.call("GET", "/functions")["items"]
    counted = Counter(state(function) for function in functions)
    session.out.document({**facts, "system": info, "functions": dict(counted)})
    out = session.out
    out.result(
        f"plat {info.get('version', '?')} runs at {facts['url']} ({info.get('backend', '?')})"
    )
    if running:
        uptime = span(facts["uptimeSeconds"])
        out.result(
            f"pid {running.pid}, up {uptime}, {size(facts['memoryBytes'])} including functions"
        )
    if counted:
        rows = [(name, str(count)) for name, count in sorted(counted.items())]
        out.table(("STATE", "FUNCTIONS"), rows)
    else:
        out.result("no functions")


def memory(pid: int) -> int:
    """Return the resident memory of a process and its children, in bytes."""
    import psutil

    total = 0
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    for member in family:
        try:
            total += member.memory_info().rss
        except psutil.Error:  # it exited in the meantime
            continue
    return total
