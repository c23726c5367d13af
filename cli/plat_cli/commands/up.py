"""`plat up`: start the embedded platform, or one in a local kind cluster."""

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
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Run in the background.")] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on (default 8080).")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on (default 127.0.0.1).")
    ] = None,
    home: Annotated[Path | None, typer.Option(help="State directory (or PLAT_HOME).")] = None,
    kind: Annotated[bool, typer.Option("--kind", help="Run on a kind cluster in Docker.")] = False,
    name: Annotated[
        str | None, typer.Option(help="Name of the kind cluster (default plat).", metavar="CLUSTER")
    ] = None,
    registry_port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="With --kind: port of the registry (default 5001)."),
    ] = None,
    example: Annotated[
        bool, typer.Option(help="With --kind: deploy an example and call it.")
    ] = True,
) -> None:
    """Start the platform on this machine.

    The gateway, the builder and the functions run below one process and need only Python. With
    --kind they run in a kind cluster, which is created if it does not exist.
    """
    if kind:
        kind_commands.reject_options(host=host, home=home)
        kind_commands.up(session, name, port, registry_port, example=example)
        return
    kind_commands.require_kind(name=name, registry_port=registry_port)
    state_directory = settings.home(home)
    running = embedded.find(state_directory)
    if running and embedded.ready(running.url):
        session.out.note(f"plat already runs at {running.url} (pid {running.pid})")
        session.out.document({"url": running.url, "pid": running.pid, "started": False})
        return
    address = settings.platform_address(host, port)
    environment = settings.platform_environment(
        host=address[0], port=address[1], home=state_directory
    )
    if not detach:
        _foreground(session, state_directory, environment)
    with session.out.phase("start") as phase:
        running = embedded.start(state_directory, *address, environment, phase.update)
        phase.detail = f"pid {running.pid}"
    session.out.result(f"plat runs at {running.url}")
    session.out.document(
        {"url": running.url, "pid": running.pid, "started": True, "home": str(state_directory)}
    )
    _next_steps(session, running.url)


def _foreground(session: Session, home: Path, environment: dict[str, str]) -> None:
    """Replace this process by the platform, so that it receives signals directly."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"{home} cannot be created: {error.strerror}", fix="plat up --home ANOTHER-DIRECTORY"
        ) from error
    session.out.note(f"starting plat; state directory {home}; press Ctrl-C to stop")
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
        out.note("  the token is dev-token; set AUTH_TOKEN before you expose the platform")
    out.note("  next:  plat init hello && plat deploy hello")
