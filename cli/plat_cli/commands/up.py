"""`plat up`: the embedded platform, or with `--kind` one in a cluster of this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from plat_core.errors import Unavailable

from plat_cli import embedded, settings
from plat_cli.command import Session, command
from plat_cli.kind import commands as kind_commands

app = typer.Typer(add_completion=False)


@command(
    app,
    shows=(
        "plat up",
        "plat up --detach",
        "plat up --port 8090 --home ./state",
        "plat up --kind",
        "AUTH_TOKEN=$(openssl rand -hex 16) plat up --host 0.0.0.0",
    ),
)
def up(
    session: Session,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="In the background.")] = False,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Else 8080.")] = None,
    host: Annotated[str | None, typer.Option(help="Else 127.0.0.1: this machine only.")] = None,
    home: Annotated[Path | None, typer.Option(help="The state directory; also PLAT_HOME.")] = None,
    kind: Annotated[bool, typer.Option("--kind", help="On a kind cluster, with Docker.")] = False,
    name: Annotated[
        str | None, typer.Option(help="With --kind: the cluster; else plat.", metavar="CLUSTER")
    ] = None,
    registry_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="With --kind: else 5001.")
    ] = None,
    example: Annotated[
        bool, typer.Option(help="With --kind: also deploy an example and call it.")
    ] = True,
) -> None:
    """Start the platform on this machine.

    Gateway, builder and functions run under one process, on nothing but Python. With --kind they
    run in a Kubernetes cluster in Docker, made where it is missing; what is there already stays.
    """
    if kind:
        kind_commands.reject_options(host=host, home=home)
        kind_commands.up(session, name, port, registry_port, example=example)
        return
    kind_commands.require_kind(name=name, registry_port=registry_port)
    place = settings.home(home)
    running = embedded.find(place)
    if running and embedded.ready(running.url):
        session.out.note(f"plat already runs at {running.url} (pid {running.pid})")
        session.out.document({"url": running.url, "pid": running.pid, "started": False})
        return
    address = settings.platform_address(host, port)
    environment = settings.platform_environment(host=address[0], port=address[1], home=place)
    if not detach:
        _foreground(session, place, environment)
    with session.out.phase("start") as phase:
        running = embedded.start(place, *address, environment, phase.update)
        phase.detail = f"pid {running.pid}"
    session.out.result(f"plat runs at {running.url}")
    session.out.document(
        {"url": running.url, "pid": running.pid, "started": True, "home": str(place)}
    )
    _next_steps(session, running.url)


def _foreground(session: Session, home: Path, environment: dict[str, str]) -> None:
    """Become the platform: its pid is this one, and signals reach it directly."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"{home} cannot be made: {error.strerror}", fix="plat up --home ANOTHER-DIRECTORY"
        ) from error
    session.out.note(f"plat starts; its state is in {home}, Ctrl-C stops it")
    _next_steps(session, f"http://localhost:{environment['PLAT_PORT']}")
    sys.stdout.flush()
    sys.stderr.flush()
    line = embedded.command_line()
    os.execve(line[0], line, environment)  # noqa: S606 - this is the purpose


def _next_steps(session: Session, url: str) -> None:
    out = session.out
    if url != settings.DEFAULT_API_URL:
        out.note(f"  export API_URL={url}")
    if not settings.has_token():
        out.note("  the token is dev-token; set AUTH_TOKEN before others can reach it")
    out.note("  next:  plat init hello && plat deploy hello")
