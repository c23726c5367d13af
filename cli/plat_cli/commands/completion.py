"""`plat completion`: print or install the completion script of a shell."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from plat_core.errors import InvalidInput

from plat_cli.command import Session, command

app = typer.Typer(add_completion=False)

VARIABLE = "_PLAT_COMPLETE"
SHELLS = ("bash", "zsh", "fish")


@command(
    app,
    shows=(
        "plat completion --install",
        "plat completion bash > /etc/bash_completion.d/plat",
        'eval "$(plat completion zsh)"',
    ),
)
def completion(
    session: Session,
    shell: Annotated[
        str | None,
        typer.Argument(metavar="bash|zsh|fish", help="Shell (default: the current one)."),
    ] = None,
    install: Annotated[
        bool,
        typer.Option("--install", help="Install the script in the start-up files of the shell."),
    ] = False,
) -> None:
    """Print or install shell completion."""
    chosen = shell or Path(os.environ.get("SHELL", "")).name
    if chosen not in SHELLS:
        raise InvalidInput(
            f"no completion for {chosen or 'an unknown shell'}", fix="plat completion bash"
        )
    completions: Any = importlib.import_module("typer.completion")

    if install:
        name, path = completions.install(shell=chosen, prog_name="plat", complete_var=VARIABLE)
        session.out.document({"shell": name, "path": str(path)})
        session.out.note(f"wrote {path}; it works in the next {name}")
        return
    script = completions.get_completion_script(
        prog_name="plat", complete_var=VARIABLE, shell=chosen
    )
    session.out.document({"shell": chosen, "script": script})
    if not session.out.as_json:
        sys.stdout.write(script + "\n")
