"""The entry point of `plat`. The module of a command is imported only when it runs."""

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
    "scale": "Manage functions",
    "start": "Manage functions",
    "stop": "Manage functions",
    "redeploy": "Manage functions",
    "delete": "Manage functions",
    "secret": "Manage functions",
    "up": "Manage the platform",
    "down": "Manage the platform",
    "status": "Manage the platform",
    "doctor": "Manage the platform",
    "registry": "Manage the platform",
    "completion": "The command line",
    "version": "The command line",
}
"""Every command and its heading, in the order of `plat --help`."""

MODULES = {name: f"plat_cli.commands.{name}" for name in COMMANDS} | {
    "calls": "plat_cli.commands.async_calls",
    "list": "plat_cli.commands.list_functions",
    "start": "plat_cli.commands.lifecycle",
    "stop": "plat_cli.commands.lifecycle",
    "redeploy": "plat_cli.commands.lifecycle",
}

GROUPS = ("calls", "secret", "registry")
"""Commands that have subcommands."""


class LazyGroup(TyperGroup):
    """The top-level group, which imports commands lazily to keep the start fast."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the named command. The error for an unknown name suggests a similar one."""
        try:
            return super().resolve_command(ctx, args)
        except TyperException as error:
            from difflib import get_close_matches

            if similar := get_close_matches(args[0], COMMANDS, 1):
                error.message += f" Did you mean {similar[0]}?"
            raise

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the module of a command and return it, or None if there is no such command."""
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
    """Deploy and invoke functions on this machine, on Docker or on Kubernetes."""
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
    """Run one command line and return the exit code. User errors do not raise."""
    try:
        code = typer.main.get_command(app).main(args, prog_name="plat", standalone_mode=False)
    except TyperException as error:
        return _usage_error(error, as_json="--json" in args)
    except (Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    return code if isinstance(code, int) else ExitCode.OK


def main() -> None:
    """Run the console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # Terminals without UTF-8 show other characters as escapes instead of failing.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(int(run(sys.argv[1:])))


def _usage_error(error: TyperException, *, as_json: bool) -> int:
    if as_json:
        from plat_cli.output import Output

        problem = {"code": "invalid-input", "status": 422, "detail": error.format_message()}
        Output(as_json=True).document({**problem, "exitCode": error.exit_code})
    else:
        from typer import rich_utils

        rich_utils.rich_format_error(error)  # type: ignore[arg-type]
    return error.exit_code
