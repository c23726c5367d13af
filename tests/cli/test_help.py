"""Help texts, the reference page and lazy imports."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from plat_cli import reference
from plat_cli.errors import EXIT_CODE_MEANINGS, ExitCode
from plat_cli.main import COMMANDS, app

from tests.cli.conftest import Plat

ROOT = Path(__file__).parents[2]


def commands() -> Iterator[tuple[str, Any]]:
    group: Any = typer.main.get_command(app)
    context = group.make_context("plat", [], resilient_parsing=True)
    for name in COMMANDS:
        found = group.get_command(context, name)
        yield name, found
        for inner in getattr(found, "commands", {}).values():
            yield f"{name} {inner.name}", inner


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_has_help_with_examples(plat: Plat, name: str) -> None:
    found = dict(commands())[name]
    assert found.help
    result = plat(*name.split(), "--help")
    assert result.code == 0
    examples = [line.strip() for line in found.epilog.split("\n\n")[1:]]
    assert examples
    assert all("plat " in line for line in examples)
    assert "Examples:" in result.out


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_option_has_help(name: str) -> None:
    for param in dict(commands())[name].params:
        assert getattr(param, "help", None) or param.param_type_name == "argument", param.name


def test_the_reference_page_is_up_to_date() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text()
    assert page == reference.page(), "run: make generate"


def test_every_exit_code_has_a_meaning() -> None:
    assert set(EXIT_CODE_MEANINGS) == set(ExitCode)


def test_the_top_level_help_lists_every_command_in_groups(plat: Plat) -> None:
    out = plat("--help").out
    for name, heading in COMMANDS.items():
        assert name in out
        assert heading in out
    assert plat().code == 2 or "Usage" in plat().out


def test_an_unknown_command_or_option_is_a_usage_error(plat: Plat) -> None:
    result = plat("deplyo")
    assert result.code == 2
    assert "deplyo" in result.err
    assert plat("deploy", "--nope").code == 2
    assert plat("deploy", "--nope", "--json").json["code"] == "invalid-input"


HEAVY = ["pydantic", "rich", "httpx", "psutil", "fastapi", "watchfiles", "sqlalchemy", "asyncio"]


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("plat_cli.commands.version", [*HEAVY, "http.client", "zipfile"]),
        ("plat_cli.commands.deploy", HEAVY),
        ("plat_cli.commands.invoke", HEAVY),
        ("plat_builder.pack", HEAVY),
    ],
)
def test_slow_modules_are_not_imported(module: str, without: list[str]) -> None:
    program = f"import sys, plat_cli.main, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not set(without) & set(done.stdout.split())


def test_completion_scripts_are_printed(plat: Plat, monkeypatch: pytest.MonkeyPatch) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_PLAT_COMPLETE" in plat("completion", shell).out
    monkeypatch.setenv("SHELL", "/bin/zsh")
    assert plat("completion", "--json").json["shell"] == "zsh"
    assert plat("completion", "tcsh").code == 2


def test_prints_the_version_of_the_distribution(plat: Plat) -> None:
    assert plat("version").out.startswith("plat 0.")
    assert set(plat("version", "--json").json) == {"version", "python"}
