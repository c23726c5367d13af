"""`plat logs`: print the logs of a function."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from plat_cli.client import function_path, namespaced
from plat_cli.command import Session, command
from plat_cli.errors import Unreachable
from plat_cli.output import Output, printable

app = typer.Typer(add_completion=False)

FOLLOW_TIMEOUT = 86_400.0
RECONNECT = 30.0
"""Seconds to wait for a restarting platform while following a log."""


@command(
    app,
    shows=(
        "plat logs hello",
        "plat logs hello -f",
        "plat logs hello --call 01JD3V…   (the X-Call-Id of a response)",
        "plat logs hello --tail 1000 --json | jq -r .text",
    ),
)
def logs(
    session: Session,
    name: Annotated[str, typer.Argument(help="Name of the function.")],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Print new lines as they arrive.")
    ] = False,
    tail: Annotated[
        int, typer.Option(min=0, max=10_000, help="Number of existing lines to print.")
    ] = 100,
    call: Annotated[str | None, typer.Option(help="Only lines of this call.")] = None,
    replica: Annotated[str | None, typer.Option(help="Only lines of this replica.")] = None,
) -> None:
    """Print the log of a function, newest line last."""
    ref = session.ref(name)
    query = {"tail": str(tail), "follow": str(follow).lower(), **namespaced(ref)}
    query |= {key: value for key, value in (("call", call), ("replica", replica)) if value}
    path = f"{function_path(ref)}/logs"
    lost: float | None = None
    while True:
        try:
            for record in session.client.events("GET", path, query=query, timeout=FOLLOW_TIMEOUT):
                lost = None
                show(session.out, record)
            if not follow:
                return
        except Unreachable:
            # The stream had started, so the platform may be restarting.
            if not follow or query["tail"] != "0" or (lost and time.monotonic() - lost > RECONNECT):
                raise
        lost = lost or time.monotonic()
        query["tail"] = "0"
        time.sleep(0.5)


def show(out: Output, record: dict[str, Any], tag: str = "") -> None:
    """Print one log line, preceded by its time and replica."""
    out.document(record)
    at = str(record.get("time", ""))[11:23]
    source = tag or str(record.get("replica", ""))
    text = printable(str(record.get("text", "")).rstrip("\n"))
    colour = {"stderr": "yellow", "platform": "cyan"}.get(str(record.get("stream")))
    import sys

    front = out.style(f"{at} {source}", "dim", stream=sys.stdout)
    out.result(f"{front} {out.style(text, colour, stream=sys.stdout) if colour else text}")
