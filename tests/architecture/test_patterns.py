"""Regular expressions match the same way in every supported Python."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from tests.architecture.repository import modules

ROOMS = ("core", "backends", "http", "gateway", "builder")
ONE_CHARACTER = {_constants.IN, _constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY}


def possessive_groups(pattern: re.Pattern[Any]) -> list[Any]:
    """Return possessive repeats of groups: before CPython 3.11.5 they never match.

    See https://github.com/python/cpython/issues/106052; `(?>(?:…)*)` means the same everywhere.
    """
    parsed = _parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
    return [item for item in _items(parsed) if _is_possessive_group(item)]


def _is_possessive_group(item: Any) -> bool:
    operator, argument = item
    if operator is not _constants.POSSESSIVE_REPEAT:
        return False
    inner = argument[2]
    return len(inner) != 1 or inner[0][0] not in ONE_CHARACTER


def _items(node: Any) -> Iterator[Any]:
    if isinstance(node, _parser.SubPattern):
        for item in node:
            yield item
            yield from _items(item[1])
    elif isinstance(node, tuple | list):
        for part in node:
            yield from _items(part)


def test_the_check_finds_possessive_groups() -> None:
    assert possessive_groups(re.compile(rb"x(?:a[bc]*+)*+"))
    assert not possessive_groups(re.compile(rb"x(?>(?:a[bc]*+)*)"))


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in modules()
        if path.parts[0] in ("core", "backends", "http", "gateway", "builder")
    ],
    ids=str,
)
def test_no_group_is_repeated_possessively(path: Path) -> None:
    name = ".".join(path.with_suffix("").parts[1:]).removesuffix(".__init__")
    if name.endswith("migrations.env"):
        return
    values = vars(importlib.import_module(name)).values()
    patterns = [value for value in values if isinstance(value, re.Pattern)]
    assert not [one.pattern for one in patterns if possessive_groups(one)]
