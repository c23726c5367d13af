"""The entry of `plat`: a group that imports a command's module only when it is asked for."""

from __future__ import annotations

import importlib
import sys
from io import TextIOWrapper
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, TyperException

from plat_cli.command import examples, shared
from plat_cli.errors import ExitCode

COMMANDS = {
    "init": "Write functions",
    "deploy": "Write functions",
    "dev": "Write functions",
    "invoke": "Use functions",
    "calls": "Use functions",
    "list": "Use functions",
    "describe": "Use functions",
    "logs": "Use functions",
    "scale": "Run functions",
    "start": "Run functions",
    "stop": "Run functions",
    "redeploy": "Run functions",
    "delete": "Run functions",
    "secret": "Run functions",
    "up": "The platform",
    "down": "The platform",
    "status": "The platform",
    "doctor": "The platform",
    "registry": "The platform",
    "completion": "This command",
    "version": "This command",
}
"""Every command, in the order and under the heading of `plat --help`."""

MODULES = {name: f"plat_cli.commands.{name}" for name in COMMANDS} | {
    "calls": "plat_cli.commands.async_calls",
    "list": "plat_cli.commands.list_functions",
    "start": "plat_cli.commands.lifecycle",
    "stop": "plat_cli.commands.lifecycle",
    "redeploy": "plat_cli.commands.lifecycle",
}

GROUPS = ("calls", "secret", "registry")
"""Commands with commands of their own."""


class LazyGroup(TyperGroup):
    """The top-level group. `plat version` must not pay for importing `plat dev`."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command's name."""
        return list(COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the line names; a mistyped one is told what it is like."""
        try:
            return super().resolve_command(ctx, args)
        except TyperException as error:
            from difflib import get_close_matches

            if similar := get_close_matches(args[0], COMMANDS, 1):
                error.message += f" Did you mean {similar[0]}?"
            raise

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command's module and make the command; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(MODULES[cmd_name])
        found: Any = typer.main.get_command(module.app)
        if cmd_name not in GROUPS and isinstance(found, TyperGroup):
            found = found.commands[cmd_name]
        found.name = cmd_name
        found.rich_help_panel = COMMANDS[cmd_name]
        return found


app = typer.Typer(
    cls=LazyGroup,
    name="plat",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "plat up --detach",
        "plat init hello --runtime python-flask",
        "plat deploy hello",
        "plat invoke hello --path '/?name=Ada'",
    ),
)


def _root(ctx: typer.Context, **options: Any) -> None:
    """Deploy functions and call them: on this machine, on Docker, on Kubernetes."""
    ctx.obj = options


def _register_root() -> None:
    import inspect

    common = inspect.signature(shared, eval_str=True).parameters
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    parameters = [context, *common.values()]
    _root.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    _root.__annotations__ = {p.name: p.annotation for p in parameters}
    app.callback()(_root)


_register_root()


def run(args: list[str]) -> int:
    """Run one command line; returns the exit code and raises nothing that a user could cause."""
    try:
        code = typer.main.get_command(app).main(args, prog_name="plat", standalone_mode=False)
    except TyperException as error:
        return _misused(error, as_json="--json" in args)
    except (Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    return code if isinstance(code, int) else ExitCode.OK


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # a terminal that knows few characters shows the others as escapes
            stream.reconfigure(errors="backslashreplace")
    sys.exit(int(run(sys.argv[1:])))


def _misused(error: TyperException, *, as_json: bool) -> int:
    if as_json:
        from plat_cli.output import Output

        problem = {"code": "invalid-input", "status": 422, "detail": error.format_message()}
        Output(as_json=True).document({**problem, "exitCode": error.exit_code})
    else:
        from typer import rich_utils

        rich_utils.rich_format_error(error)  # type: ignore[arg-type]
    return error.exit_code
