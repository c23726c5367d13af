"""Generates `docs/reference/cli.md` from the commands.

`make generate` writes the page, so it always matches the options of the code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from plat_cli.command import SHARED
from plat_cli.errors import EXIT_CODE_MEANINGS
from plat_cli.main import COMMANDS, app

SHARED_TITLE = SHARED


def page() -> str:
    """Return the page in Markdown."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("plat", [], resilient_parsing=True)
    parts = [HEAD, "## Exit codes", "", "| code | meaning |", "|---|---|"]
    parts += [f"| {int(code)} | {text} |" for code, text in EXIT_CODE_MEANINGS.items()]
    parts += ["", f"## {SHARED_TITLE}", ""]
    parts += _options(_shared(group))
    heading = ""
    for name in COMMANDS:
        found = group.get_command(context, name)
        if found.rich_help_panel != heading:
            heading = found.rich_help_panel
            parts += ["", f"## {heading}"]
        parts += _command(f"plat {name}", found)
        for inner in getattr(found, "commands", {}).values():
            parts += _command(f"plat {name} {inner.name}", inner)
    return "\n".join(parts) + "\n"


HEAD = """# The command `plat`

Results are printed on stdout, progress and errors on stderr. With `--json`, stdout contains one
JSON document and nothing else (`logs` and `dev` print one document per line). An error is also a
document, with `code`, `detail`, `fix` and `exitCode`. Colors and spinners appear on a terminal
only; set `NO_COLOR` to turn them off.

A setting is read from the first of these that has it: the flag, the environment, the file
`~/.config/plat/config.toml`, the default.

| setting | flag | environment | file | default |
|---|---|---|---|---|
| URL of the platform | `--api-url` | `API_URL` | `api_url` | `http://localhost:8080` |
| access token | `--token` | `AUTH_TOKEN` | `token` | `dev-token`, for loopback addresses only |
| URL of the builder | | `BUILDER_URL` | `builder_url` | URL of the platform |
| namespace | `--namespace` | | `namespace` | `default` |
| state directory of the embedded platform | `--home` | `PLAT_HOME` | | the user's state directory |

`SSL_CERT_FILE` names a file of CA certificates. `http_proxy`, `https_proxy` and `no_proxy` apply to
all addresses except loopback addresses.
"""


def _command(title: str, found: Any) -> Iterator[str]:
    own = [p for p in found.params if getattr(p, "rich_help_panel", None) != SHARED_TITLE]
    usage = " ".join(found.collect_usage_pieces(found.make_context("", [], resilient_parsing=True)))
    yield from ("", f"### {title}", "", (found.help or "").strip(), "", "```")
    yield from (f"{title} {usage}", "```", "")
    yield from _options([p for p in own if p.name != "help"])
    yield from ("", "```sh", *_examples(found), "```")


def _examples(found: Any) -> list[str]:
    lines = (found.epilog or "").replace("\\[", "[").split("\n\n")
    return [line.strip() for line in lines[1:]]


def _shared(group: Any) -> list[Any]:
    return [p for p in group.params if getattr(p, "rich_help_panel", None) == SHARED_TITLE]


def _options(params: list[Any]) -> list[str]:
    if not params:
        return []
    return ["| | |", "|---|---|", *(f"| `{_label(p)}` | {_text(p)} |" for p in params)]


def _label(param: Any) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper()).replace("|", "\\|")
    names = ", ".join([*param.opts, *param.secondary_opts])
    metavar = "" if param.is_flag else f" {param.metavar or param.type.name.upper()}"
    return (names + metavar).replace("|", "\\|")


def _text(param: Any) -> str:
    text = (param.help or "").strip()
    default = param.default
    shown = default not in (None, False, True, "", [], ()) and not callable(default)
    return f"{text} Default: `{default}`." if shown else text
