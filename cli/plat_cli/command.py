"""The parts of every command: global options, error handling and the examples of its help text.

A command is a function. Its first parameter is a `Session`; typer fills in the others.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from plat_core.errors import InvalidInput, PlatError
from plat_core.model.refs import FunctionRef, check_name, similar_name

from plat_cli import errors
from plat_cli.output import Output
from plat_cli.settings import CliSettings, GlobalOptions, load

if TYPE_CHECKING:
    from plat_cli.client import Client

SHARED = "Global options"

AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print JSON on stdout, and nothing else.", rich_help_panel=SHARED),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print only results and errors.", rich_help_panel=SHARED),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print more details.", rich_help_panel=SHARED)
]
ApiUrl = Annotated[
    str | None,
    typer.Option(
        "--api-url", metavar="URL", help="URL of the platform (or API_URL).", rich_help_panel=SHARED
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        help="Access token (AUTH_TOKEN is safer).",
        rich_help_panel=SHARED,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Configuration file (default ~/.config/plat/config.toml).",
        rich_help_panel=SHARED,
    ),
]
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", metavar="NAME", help="Namespace to use.", rich_help_panel=SHARED),
]


def shared(
    *,
    json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    api_url: ApiUrl = None,
    token: Token = None,
    config: Config = None,
    namespace: Namespace = None,
) -> None:
    """Declare the global options. Only the signature is used."""


class Session:
    """The state of one command run: settings, output and the HTTP clients."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.out = Output(
            as_json=options["json"], quiet=options["quiet"], verbose=options["verbose"]
        )
        self.subject = ""
        self._flags = GlobalOptions(
            options["api_url"], options["token"], options["config"], options["namespace"]
        )

    @functools.cached_property
    def settings(self) -> CliSettings:
        """Resolved settings. Their warnings are printed once."""
        settings = load(self._flags)
        for warning in settings.warnings:
            self.out.warn(warning)
        return settings

    @functools.cached_property
    def client(self) -> Client:
        """Client of the platform at API_URL."""
        from plat_cli.client import Client

        return Client(self.settings.api_url, self.settings.token)

    @functools.cached_property
    def builder(self) -> Client:
        """Client of the builder at BUILDER_URL, or of the platform if that is not set."""
        from plat_cli.client import Client

        settings = self.settings
        if settings.builder_url == settings.api_url:
            return self.client
        absent = "docker compose up --detach builder\nor check BUILDER_URL"
        return Client(settings.builder_url, settings.token, absent=absent)

    @property
    def namespace_flag(self) -> str | None:
        """Namespace given as a flag, or None."""
        return self._flags.namespace

    def ref(self, name: str) -> FunctionRef:
        """Return the reference of a function. Raises InvalidInput with the naming rule."""
        self.subject = name
        return FunctionRef(checked(name), checked(self.settings.namespace, "metadata.namespace"))

    def close(self) -> None:
        """Close all open connections."""
        for name in {"client", "builder"} & vars(self).keys():
            getattr(self, name).close()

    def fail(self, error: PlatError) -> int:
        """Print the error and the advice for it, and return the exit code."""
        from plat_cli.advice import advise

        fix = advise(error, self.subject)
        if self.out.as_json:
            self.out.document(errors.document(error, fix))
        else:
            self.out.error(explanation(error), fix)
        return int(errors.exit_code(error))


def checked(name: str, field: str = "metadata.name") -> str:
    """Return a valid name unchanged. Raises InvalidInput with the rule and the field."""
    try:
        return check_name(name)
    except ValueError as error:
        similar = similar_name(name)
        fix = f"for example: {similar}" if similar else ""
        raise InvalidInput(f"{field}: {error}", fix=fix, field=field) from error


def explanation(error: PlatError) -> str:
    """Return the message of an error with its invalid fields, log lines and call id."""
    lines = [error.message]
    if isinstance(error, errors.RequestRejected):
        problem = error.problem
        fields = [f"{field}: {message}" for field, message in problem.errors]
        lines += [f"  {line}" for line in fields if line not in error.message]
        lines += [f"  {line}" for line in problem.log.splitlines()[-20:]]
        lines += [f"  call id {problem.call_id}"] if problem.call_id else []
    return "\n".join(lines)


def examples(*lines: str) -> str:
    """Return the epilog of a help text. Blank lines keep the examples on separate lines."""
    return "Examples:\n\n" + "\n\n".join(f"  {line}".replace("[", r"\[") for line in lines)


def command(
    app: typer.Typer, name: str | None = None, *, shows: tuple[str, ...], **extra: Any
) -> Callable[[Callable[..., int | None]], Callable[..., int]]:
    """Register a function as a command of `app`. `shows` lists the examples of its help."""

    def register(function: Callable[..., int | None]) -> Callable[..., int]:
        wrapped = _with_shared_options(function)
        settings = {"help_option_names": ["-h", "--help"], **extra}
        app.command(name, epilog=examples(*shows), context_settings=settings)(wrapped)
        return wrapped

    return register


def _with_shared_options(function: Callable[..., int | None]) -> Callable[..., int]:
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    common = list(inspect.signature(shared, eval_str=True).parameters.values())
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    names = [parameter.name for parameter in common]

    def wrapped(*, ctx: typer.Context, **values: Any) -> int:
        given = {name: values.pop(name) for name in names}
        return run(function, given, ctx.obj or {}, values)

    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in [*own, *common]]
    wrapped.__signature__ = inspect.Signature([context, *parameters])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in [context, *parameters]}
    wrapped.__name__ = function.__name__
    wrapped.__doc__ = function.__doc__
    return wrapped


def run(
    function: Callable[..., int | None],
    given: dict[str, Any],
    before: dict[str, Any],
    values: dict[str, Any],
) -> int:
    """Run a command. A global option after its name wins over the same one before it."""
    options = {name: value or before.get(name, value) for name, value in given.items()}
    session = Session(options)
    try:
        return function(session, **values) or 0
    except PlatError as error:
        return session.fail(error)
    finally:
        session.close()
