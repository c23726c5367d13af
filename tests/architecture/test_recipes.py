"""The recipes of CONTRIBUTING.md name the files that an existing example consists of."""

import re
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT

RECIPE = re.compile(r"^### Add an? (.+?)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^Example: `([^`]+)`", re.MULTILINE)
PATH = re.compile(r"`((?:[\w.<>-]+/)+[\w.<>-]*|\.importlinter)`")
PLACEHOLDERS = {"<language>": "python"}
"""Placeholder in a path → its value; every other one stands for the example."""

RECIPES = dict(RECIPE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
WITH_EXAMPLE = {name: text for name, text in RECIPES.items() if EXAMPLE.search(text)}


def paths(recipe: str) -> list[Path]:
    """Return the files of a recipe, with its placeholders filled in."""
    example = EXAMPLE.findall(recipe)[0]
    filled = [
        re.sub(r"<\w+>", lambda match: PLACEHOLDERS.get(match[0], example), path)
        for path in PATH.findall(recipe)
    ]
    return [ROOT / path for path in filled]


def spellings(example: str) -> re.Pattern[str]:
    """Match the example as a name of the API and of Python, or the value of a placeholder."""
    snake = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", example).lower()
    return re.compile("|".join(map(re.escape, [example, snake, *PLACEHOLDERS.values()])), re.I)


def test_has_a_recipe_for_every_usual_change() -> None:
    usual = {"runtime", "backend", "spec field that the gateway acts on", "command", "API route"}
    assert usual <= set(WITH_EXAMPLE)


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_every_file_of_a_recipe_exists(name: str) -> None:
    missing = [str(path) for path in paths(RECIPES[name]) if not path.exists()]
    assert not missing


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_every_file_of_a_recipe_mentions_its_example(name: str) -> None:
    recipe = RECIPES[name]
    pattern = spellings(EXAMPLE.findall(recipe)[0])
    steps = [path for path in paths(recipe) if path.is_file() and path.suffix != ".md"]
    assert steps
    assert not [
        str(path.relative_to(ROOT))
        for path in steps
        if not pattern.search(f"{path}\n{path.read_text(encoding='utf-8')}")
    ]
