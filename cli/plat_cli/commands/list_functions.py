"""`plat list`: list functions, one per line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import typer

from plat_cli import deployment
from plat_cli.command import Session, command
from plat_cli.output import span

app = typer.Typer(add_completion=False)


@command(app, "list", shows=("plat list", "plat list --json", "plat list --namespace team-a"))
def list_(session: Session) -> None:
    """List functions with their state, replicas and URL."""
    namespace = session.settings.namespace
    query = {} if namespace == "default" else {"namespace": namespace}
    response = session.client.call("GET", "/functions", query=query)
    session.out.document(response)
    functions = response["items"]
    if not functions:
        session.out.note("no functions yet; type: plat init hello && plat deploy hello")
        return
    rows = [row(function) for function in functions]
    session.out.table(("NAME", "STATE", "REPLICAS", "REVISION", "AGE", "URL"), rows)


def row(function: dict[str, Any]) -> tuple[str, ...]:
    """Return the table row of a function."""
    status = deployment.status_of(function)
    metadata = function["metadata"]
    namespace = metadata.get("namespace", "default")
    return (
        metadata["name"] if namespace == "default" else f"{namespace}/{metadata['name']}",
        state(function),
        f"{status.get('readyReplicas', 0)}/{status.get('replicas', 0)}",
        status.get("revision") or "-",
        age(metadata.get("creationTimestamp")),
        status.get("url") or "-",
    )


def state(function: dict[str, Any]) -> str:
    """Return the state of a function: the reason of its Ready condition."""
    if function["metadata"].get("deletionTimestamp"):
        return "Deleting"
    return str(deployment.condition(function, "Ready").get("reason") or "Pending")


def age(timestamp: str | None) -> str:
    """Return the time since a timestamp, or '-' if there is none."""
    if not timestamp:
        return "-"
    then = datetime.fromisoformat(timestamp)
    return span(max(0.0, (datetime.now(UTC) - then).total_seconds()))
