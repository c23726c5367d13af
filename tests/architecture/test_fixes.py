"""Commands for users are in one table, and nowhere below the CLI."""

import ast
import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from plat_cli.main import COMMANDS
from plat_core.fix import Fix, FixCode
from plat_http.fixes import WORDS, describe

from tests.architecture.repository import ROOMS, ROOT, modules

TABLE = Path("http/plat_http/fixes.py")
BELOW_THE_CLI = [
    path
    for path in modules()
    if path.parts[0] in ROOMS.keys() - {"cli", "hack", "runtimes"} and path != TABLE
]


def strings(tree: ast.Module) -> list[tuple[int, str]]:
    """Return every string of a module with its line, without docstrings."""
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]


@pytest.mark.parametrize("path", BELOW_THE_CLI, ids=str)
def test_no_string_below_the_cli_names_a_command(path: Path) -> None:
    verbs = "|".join(sorted(COMMANDS))
    # the annotation of kubectl is the name of a key, and `kubectl scale` describes a field
    command = re.compile(rf"\bplat ({verbs})\b|kubectl (?!scale)")
    found = [
        f"{path}:{line}: {text}"
        for line, text in strings(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if command.search(text)
    ]
    assert not found


def test_every_code_has_words() -> None:
    assert set(WORDS) == set(get_args(FixCode))


def test_missing_parameters_appear_in_capitals() -> None:
    assert describe(Fix("start-function", {"name": "orders"})) == "plat start orders"
    assert describe(Fix("set-secret")) == "plat secret set NAME KEY=VALUE"
    assert describe("send it again") == "send it again"


def test_words_have_named_parameters_only() -> None:
    for text in WORDS.values():
        names = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        assert names <= {"extra", "id", "kind", "name", "namespace", "port"}
