"""`plat dev`: finding functions, finding syntax errors and redeploying."""

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


def test_finds_functions_in_a_folder(folder: Path) -> None:
    assert functions_in(folder) == [folder / "Two", folder / "one"]
    assert functions_in(folder / "one") == [folder / "one"]
    with pytest.raises(InvalidInput, match="contains no function"):
        functions_in(folder / "empty")
    with pytest.raises(InvalidInput, match="does not exist"):
        functions_in(folder / "nowhere")


def test_groups_changed_files_by_function(folder: Path) -> None:
    one, two = folder / "one", folder / "Two"
    changed = [one / "app.py", one / "lib" / "x.py", folder / "README.md"]
    assert touched([one, two], changed) == {one: changed[:2]}


def test_uses_the_name_of_function_json_or_the_folder(folder: Path) -> None:
    (folder / "one" / "function.json").write_text('{"name": "uno"}')
    found = list(dev_functions(functions_in(folder), "deissue", debug_port=5678))
    assert [(s.ref.name, s.debug) for s in found] == [
        ("two", 5678),
        ("uno", 5679),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ndef f(:\n  pass", "app.py:2: SyntaxError: invalid syntax"),
        ("if x:\npass", "app.py:2: SyntaxError: expected an indented block"),
        ("x = '", "app.py:1: SyntaxError: unterminated string"),
        ("x = '\0'", "app.py:1: SyntaxError: source code"),
        ("# coding: nonsense\n", "app.py:1: SyntaxError: unknown encoding"),
    ],
)
def test_a_syntax_error_has_a_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "app.py").write_text(text)
    issue = find_syntax_error([tmp_path / "app.py"], tmp_path)
    assert issue is not None
    assert str(issue).startswith(message)


def test_the_caret_points_at_the_error(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def f():\n    return (1 +\n")
    issue = find_syntax_error([tmp_path / "app.py"], tmp_path)
    assert issue is not None
    line, caret = issue.excerpt.split("\n")
    assert (line, line[caret.index("^")]) == ("return (1 +", "(")


def test_valid_and_deleted_files_have_no_error(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("x = '\\d' is 1\n")  # warns, and is no error
    files = [tmp_path / "app.py", tmp_path / "deleted.py", tmp_path / "notes.txt"]
    assert find_syntax_error(files, tmp_path) is None


def test_a_syntax_error_is_reported_without_a_build(
    platform: Platform, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Client(platform.url, TOKEN)
    dev_session = DevSession(Output(), client)
    (served,) = dev_functions([folder / "one"], "deissue", debug_port=None)
    assert dev_session.deploy(served)
    assert platform.functions["one"]["spec"]["access"] == "public"
    builds = platform.paths().count("POST /build")
    file = folder / "one" / "app.py"
    file.write_text("def handler(:\n")
    assert not dev_session.deploy(served, [file])
    assert platform.paths().count("POST /build") == builds
    assert "app.py:1: SyntaxError" in platform.notices["one"]
    assert "one: app.py:1: SyntaxError" in capsys.readouterr().err
    file.write_text("def handler(r):\n    return 2\n")
    assert dev_session.deploy(served, [file])
    assert platform.notices["one"] == ""
    client.close()


def test_a_failed_start_is_reported(platform: Platform, folder: Path) -> None:
    client = Client(platform.url, TOKEN)
    dev_session = DevSession(Output(quiet=True), client)
    (served,) = dev_functions([folder / "one"], "deissue", debug_port=None)
    dev_session.deploy(served)
    platform.start_failure = ("HandlerImportError", "no module named x", "")
    (folder / "one" / "app.py").write_text("import x\n")
    assert not dev_session.deploy(served, [folder / "one" / "app.py"])
    assert "no module named x" in platform.notices["one"]
    client.close()


def test_debugging_uses_one_replica_with_a_long_timeout(platform: Platform, folder: Path) -> None:
    client = Client(platform.url, TOKEN)
    (served,) = dev_functions([folder / "one"], "deissue", debug_port=5700)
    assert isinstance(served, DevFunction)
    assert DevSession(Output(quiet=True), client).deploy(served)
    function = platform.functions["one"]
    assert function["spec"]["debug"] == 5700
    assert function["spec"]["timeout"] == "3600s"
    assert (function["spec"]["scale"]["min"], function["spec"]["scale"]["max"]) == (1, 1)
    client.close()
