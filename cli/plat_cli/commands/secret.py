"""`plat secret`: set, list and delete secrets. Values are write-only."""

from __future__ import annotations

import sys
from typing import Annotated
from urllib.parse import quote

import typer
from plat_core.errors import InvalidInput

from plat_cli.command import Session, checked, command
from plat_cli.spec import env_file

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Manage secrets.",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Examples:\n\n  plat secret set db url=postgres://…\n\n  plat deploy --secret db",
)

VALUE_BYTES = 1024 * 1024
Name = Annotated[str, typer.Argument(help="Name of the secret.")]


@command(
    app,
    "set",
    shows=(
        "plat secret set db url=postgres://… password=-   (prompts, or reads stdin)",
        "plat secret set tls cert=@server.pem",
        "plat secret set app --from-file .env",
    ),
)
def set_(
    session: Session,
    name: Name,
    pairs: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE|KEY=@FILE|KEY=-", help="Values: text, a file, or stdin."),
    ] = None,
    from_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="Read values from a file of K=V lines.")
    ] = None,
) -> None:
    """Create or replace a secret. Running functions receive the new values."""
    from pathlib import Path

    values = env_file(Path(from_file)) if from_file else {}
    values |= dict(_pair(pair) for pair in pairs or [])
    if not values:
        raise InvalidInput("no values are given", fix=f"plat secret set {name} KEY=VALUE")
    session.client.call(
        "PUT", _path(session, name), query=_query(session), document={"values": values}
    )
    session.out.document({"name": name, "keys": sorted(values)})
    session.out.note(f"set {name}: {', '.join(sorted(values))}")


@command(app, "list", shows=("plat secret list", "plat secret list --json"))
def list_(session: Session) -> None:
    """List secrets and their keys, without values."""
    response = session.client.call("GET", "/secrets", query=_query(session))
    session.out.document(response)
    rows = [(entry["name"], ", ".join(entry.get("keys", []))) for entry in response["items"]]
    if rows:
        session.out.table(("NAME", "KEYS"), rows)
    else:
        session.out.note("no secrets yet; type: plat secret set NAME KEY=VALUE")


@command(app, "delete", shows=("plat secret delete db",))
def delete(session: Session, name: Name) -> None:
    """Delete a secret."""
    session.client.call("DELETE", _path(session, name), query=_query(session))
    session.out.document({"deleted": [name]})
    session.out.note(f"deleted {name}")


def _path(session: Session, name: str) -> str:
    session.subject = name
    return f"/secrets/{quote(checked(name), safe='')}"


def _query(session: Session) -> dict[str, str]:
    namespace = session.settings.namespace
    return {} if namespace == "default" else {"namespace": checked(namespace)}


def _pair(text: str) -> tuple[str, str]:
    from pathlib import Path

    key, equals, value = text.partition("=")
    if not key or not equals:
        raise InvalidInput(
            f"{key or text!r} has no value", fix="for example: KEY=VALUE", field="values"
        )
    if value == "-":
        return key, _prompt(key)
    if value.startswith("@"):
        try:
            return key, Path(value[1:]).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{value[1:]} cannot be read as text: {error}") from error
    return key, value


def _prompt(key: str) -> str:
    if sys.stdin.isatty():
        value: str = typer.prompt(key, hide_input=True, err=True)
        return value
    content = sys.stdin.read(VALUE_BYTES + 1)
    if len(content) > VALUE_BYTES:
        raise InvalidInput(f"{key} has more than {VALUE_BYTES} characters", field=f"values.{key}")
    return content.removesuffix("\n")
