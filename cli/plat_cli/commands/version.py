"""`plat version`: print the version."""

from __future__ import annotations

import typer

from plat_cli.command import Session, command

app = typer.Typer(add_completion=False)


@command(app, shows=("plat version", "plat version --json"))
def version(session: Session) -> None:
    """Print the version of plat."""
    import platform
    from importlib import metadata

    number = metadata.version("plat-faas")
    session.out.result(f"plat {number} (Python {platform.python_version()})")
    session.out.document({"version": number, "python": platform.python_version()})
