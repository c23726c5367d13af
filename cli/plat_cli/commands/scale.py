"""`plat scale`: set the number of replicas."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from plat_core.errors import InvalidInput

from plat_cli.client import function_path, namespaced
from plat_cli.command import Session, command

app = typer.Typer(add_completion=False)


@command(
    app,
    shows=(
        "plat scale hello 3          (exactly three)",
        "plat scale hello 0          (none until the next call)",
        "plat scale hello auto --min 1 --max 5 --idle 30s",
        "plat scale hello auto --when-idle pause",
    ),
)
def scale(
    session: Session,
    name: Annotated[str, typer.Argument(help="Name of the function.")],
    count: Annotated[
        str,
        typer.Argument(metavar="[N|auto]", help="Fixed number of replicas, or auto (the default)."),
    ] = "auto",
    min_: Annotated[int | None, typer.Option("--min", help="Minimum number of replicas.")] = None,
    max_: Annotated[int | None, typer.Option("--max", help="Maximum number of replicas.")] = None,
    idle: Annotated[
        str | None,
        typer.Option(help="Idle time before the replicas stop or pause, for example 30s."),
    ] = None,
    when_idle: Annotated[
        str | None, typer.Option(metavar="[stop|pause]", help="What to do with idle replicas.")
    ] = None,
) -> None:
    """Set a fixed number of replicas, or scale with the load."""
    scale_document: dict[str, Any] = {"replicas": _replicas(count)}
    given = {"min": min_, "max": max_, "idle": idle, "whenIdle": when_idle}
    scale_document |= {key: value for key, value in given.items() if value is not None}
    ref = session.ref(name)
    path = f"{function_path(ref)}/scale"
    function = session.client.call("POST", path, query=namespaced(ref), document=scale_document)
    session.out.document(function)
    bounds = function["spec"].get("scale", {})
    fixed = bounds.get("replicas")
    text = f"{bounds.get('min', 0)} to {bounds.get('max', 10)} replicas by load"
    session.out.note(f"{name}: " + (f"{fixed} replicas" if fixed is not None else text))


def _replicas(count: str) -> int | None:
    if count == "auto":
        return None
    if not (count.isascii() and count.isdigit() and len(count) < 5):
        raise InvalidInput(
            f"{count!r} is neither a number nor auto",
            fix="plat scale NAME 3",
            field="spec.scale.replicas",
        )
    return int(count)
