"""`plat init`: a template, named after its folder, and nothing overwritten."""

import json
from pathlib import Path

import pytest
from plat_cli.source import name_after
from plat_core.errors import InvalidInput
from plat_core.model.refs import check_name

from tests.cli.conftest import Plat


def test_it_writes_the_template_under_the_folders_name(plat: Plat, tmp_path: Path) -> None:
    goal = tmp_path / "My Orders_2"
    result = plat("init", str(goal), "--runtime", "python")
    assert result.code == 0, result.err
    manifest = json.loads((goal / "function.json").read_text())
    assert manifest["name"] == "my-orders-2"
    assert manifest["runtime"] == "python"
    assert "def handler" in (goal / "app.py").read_text()
    assert f"plat deploy {goal}" in result.err


def test_what_is_there_is_not_overwritten(plat: Plat, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("mine")
    result = plat("init", str(tmp_path))
    assert result.code == 8
    assert "already has app.py" in result.err
    assert (tmp_path / "app.py").read_text() == "mine"
    assert not (tmp_path / "function.json").exists()
    assert plat("init", str(tmp_path), "--force").code == 0
    assert "Flask" in (tmp_path / "app.py").read_text()


def test_runtimes_are_listed_and_an_unknown_one_names_them(plat: Plat, tmp_path: Path) -> None:
    assert {r["name"] for r in plat("init", "--list", "--json").json["items"]} >= {
        "python",
        "python-flask",
    }
    result = plat("init", str(tmp_path), "--runtime", "cobol")
    assert result.code == 2
    assert "python-flask" in result.err


def test_what_init_wrote_can_be_deployed(plat: Plat, tmp_path: Path) -> None:
    plat("init", str(tmp_path / "hello"))
    assert plat("deploy", str(tmp_path / "hello"), "--json").json["name"] == "hello"


@pytest.mark.parametrize("text", ["Orders", "a b", "__x__", "ä-b", "A" * 100, "1.2.3", "x-" * 40])
def test_a_name_made_of_a_folder_is_always_allowed(text: str) -> None:
    assert check_name(name_after(text))


@pytest.mark.parametrize("text", ["", "...", "ä", "/"])
def test_a_folder_without_a_letter_gives_no_name(text: str) -> None:
    with pytest.raises(InvalidInput, match="no name can be made"):
        name_after(text)
