"""`plat dev`: which folders are functions, and what a fault looks like."""

from pathlib import Path

import pytest
from plat_cli.client import Client
from plat_cli.dev.folders import functions_in, touched
from plat_cli.dev.session import DevFunction, DevSession, dev_functions
from plat_cli.dev.syntax import find_syntax_error
from plat_cli.output import Output
from plat_core.errors import InvalidInput

from tests.cli.platform import TOKEN, Platform


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("one", "Two", ".hidden", "empty"):
        (tmp_path / name).mkdir()
    for name in ("one", "Two", ".hidden"):
        (tmp_path / name / "app.py").write_text("def handler(r):\n    return 1\n")
    return tmp_path


def test_a_folder_of_functions_and_a_function(folder: Path) -> None:
    assert functions_in(folder) == [folder / "Two", folder / "one"]
    assert functions_in(folder / "one") == [folder / "one"]
    with pytest.raises(InvalidInput, match="holds no function"):
        functions_in(folder / "empty")
    with pytest.raises(InvalidInput, match="there is no folder"):
        functions_in(folder / "nowhere")


def test_changed_files_belong_to_their_function(folder: Path) -> None:
    one, two = folder / "one", folder / "Two"
    changed = [one / "app.py", one / "lib" / "x.py", folder / "README.md"]
    assert touched([one, two], changed) == {one: changed[:2]}


def test_names_come_from_function_json_or_the_folder(folder: Path) -> None:
    (folder / "one" / "function.json").write_text('{"name": "uno"}')
    found = list(dev_functions(functions_in(folder), "default", debug_port=5678))
    assert [(s.ref.name, s.debug) for s in found] == [
        ("two", 5678),
        ("uno", 5679),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ndef f(:\n  pass", "app.py:2: SyntaxError: invalid syntax"),
        ("if x:\npass", "app.py:2: SyntaxError: expected an indented block"),
        ("x = '", "app.py:1: SyntaxError: unterminated string"),
        ("x = '\0'", "app.py:1: SyntaxError: source code"),
        ("# coding: nonsense\n", "app.py:1: SyntaxError: unknown encoding"),
    ],
)
def test_a_fault_has_its_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "app.py").write_text(text)
    fault = find_syntax_error([tmp_path / "app.py"], tmp_path)
    assert fault is not None
    assert str(fault).startswith(said)


def test_the_caret_stands_below_the_guilty_character(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def f():\n    return (1 +\n")
    fault = find_syntax_error([tmp_path / "app.py"], tmp_path)
    assert fault is not None
    line, caret = fault.excerpt.split("\n")
    assert (line, line[caret.index("^")]) == ("return (1 +", "(")


def test_good_files_and_files_that_are_gone_have_no_fault(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("x = '\\d' is 1\n")  # warns, and is no error
    files = [tmp_path / "app.py", tmp_path / "gone.py", tmp_path / "notes.txt"]
    assert find_syntax_error(files, tmp_path) is None


def test_a_broken_save_is_told_in_both_places_and_nothing_is_built(
    platform: Platform, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Client(platform.url, TOKEN)
    loop = DevSession(Output(), client)
    (served,) = dev_functions([folder / "one"], "default", debug_port=None)
    assert loop.deploy(served)
    assert platform.functions["one"]["spec"]["access"] == "public"
    builds = platform.paths().count("POST /build")
    file = folder / "one" / "app.py"
    file.write_text("def handler(:\n")
    assert not loop.deploy(served, [file])
    assert platform.paths().count("POST /build") == builds
    assert "app.py:1: SyntaxError" in platform.notices["one"]
    assert "one: app.py:1: SyntaxError" in capsys.readouterr().err
    file.write_text("def handler(r):\n    return 2\n")
    assert loop.deploy(served, [file])
    assert platform.notices["one"] == ""
    client.close()


def test_a_start_that_fails_is_told_as_well(platform: Platform, folder: Path) -> None:
    client = Client(platform.url, TOKEN)
    loop = DevSession(Output(quiet=True), client)
    (served,) = dev_functions([folder / "one"], "default", debug_port=None)
    loop.deploy(served)
    platform.start_failure = ("HandlerImportError", "no module named x", "")
    (folder / "one" / "app.py").write_text("import x\n")
    assert not loop.deploy(served, [folder / "one" / "app.py"])
    assert "no module named x" in platform.notices["one"]
    client.close()


def test_debugging_asks_for_one_replica_that_waits(platform: Platform, folder: Path) -> None:
    client = Client(platform.url, TOKEN)
    (served,) = dev_functions([folder / "one"], "default", debug_port=5700)
    assert isinstance(served, DevFunction)
    assert DevSession(Output(quiet=True), client).deploy(served)
    function = platform.functions["one"]
    assert function["spec"]["debug"] == 5700
    assert function["spec"]["timeout"] == "3600s"
    assert (function["spec"]["scale"]["min"], function["spec"]["scale"]["max"]) == (1, 1)
    client.close()
