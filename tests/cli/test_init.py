"""`plat init` creates a function from a template."""

import json
from pathlib import Path

import pytest
from plat_cli.source import name_after
from plat_core.errors import InvalidInput
from plat_core.model.refs import check_name

from tests.cli.conftest import Plat


def test_uses_the_name_of_the_folder(plat: Plat, tmp_path: Path) -> None:
    goal = tmp_path / "My Orders_2"
    result = plat("init", str(goal), "--runtime", "python")
    assert result.code == 0, result.err
    manifest = json.loads((goal / "function.json").read_text())
    assert manifest["name"] == "my-orders-2"
    assert manifest["runtime"] == "python"
    assert "def handler" in (goal / "app.py").read_text()
    assert f"plat deploy {goal}" in result.err


def test_does_not_overwrite_files_without_force(plat: Plat, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("mine")
    result = plat("init", str(tmp_path))
    assert result.code == 8
    assert "already has app.py" in result.err
    assert (tmp_path / "app.py").read_text() == "mine"
    assert not (tmp_path / "function.json").exists()
    assert plat("init", str(tmp_path), "--force").code == 0
    assert "Flask" in (tmp_path / "app.py").read_text()


def test_lists_runtimes_and_rejects_an_unknown_one(plat: Plat, tmp_path: Path) -> None:
    assert {r["name"] for r in plat("init", "--list", "--json").json["items"]} >= {
        "python",
        "python-flask",
    }
    result = plat("init", str(tmp_path), "--runtime", "cobol")
    assert result.code == 2
    assert "python-flask" in result.err


def test_the_template_can_be_deployed(plat: Plat, tmp_path: Path) -> None:
    plat("init", str(tmp_path / "hello"))
    assert plat("deploy", str(tmp_path / "hello"), "--json").json["name"] == "hello"


@pytest.mark.parametrize("text", ["Orders", "a b", "__x__", "ä-b", "A" * 100, "1.2.3", "x-" * 40])
def test_a_derived_name_is_valid(text: str) -> None:
    assert check_name(name_after(text))


@pytest.mark.parametrize("text", ["", "...", "ä", "/"])
def test_rejects_a_folder_without_letters(text: str) -> None:
    with pytest.raises(InvalidInput, match="cannot derive a name"):
        name_after(text)
