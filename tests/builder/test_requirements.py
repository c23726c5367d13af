"""Requirements: which lines pass, which are refused, and that the guilty one is named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_builder.requirements import DeclaredRequirements, check_python, declared, find_named
from plat_core.errors import BuildFailed


def asked(folder: Path, text: str | bytes, **files: str) -> DeclaredRequirements:
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "requirements.txt").write_bytes(data)
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content)
    return declared(folder, None)


def failure(folder: Path, text: str | bytes, **files: str) -> BuildFailed:
    with pytest.raises(BuildFailed) as caught:
        asked(folder, text, **files)
    return caught.value


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    found = asked(
        tmp_path, "\ufeff# web\nflask>=3.1  # the newest\n\nMy_Pkg[x]==1; python_version>'3'\n"
    )
    assert [(line.name, line.number) for line in found.lines] == [("flask", 2), ("my-pkg", 4)]
    assert str(found.lines[0]) == "requirements.txt:2: flask>=3.1"


def test_a_continued_line_counts_from_its_start(tmp_path: Path) -> None:
    found = asked(tmp_path, "a\nsix==1.17.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\nb\n")
    assert [(line.name, line.number) for line in found.lines] == [("a", 1), ("six", 2), ("b", 5)]
    assert "--hash=sha256:11" in found.lines[1].text


def test_files_of_the_folder_are_included(tmp_path: Path) -> None:
    found = asked(
        tmp_path, "a\n-r more.txt\n-c pins.txt\n", more_txt="b\n-r requirements.txt", pins_txt="a<2"
    )
    assert [(line.name, line.file, line.constraint) for line in found.lines] == [
        ("a", "requirements.txt", False),
        ("b", "more.txt", False),
        ("a", "pins.txt", True),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://evil.example/simple",
        "-i https://evil.example/simple",
        "--extra-index-url=https://evil.example/simple",
        "--find-links /etc",
        "-f https://evil.example",
        "--trusted-host evil.example",
        "--no-binary :all:",
        "-e .",
        "--editable=git+https://evil.example/x",
        "git+https://evil.example/x.git",
        "https://evil.example/x-1.0.tar.gz",
        "file:///etc/passwd",
        "./vendored",
        "/opt/wheels/x.whl",
        "x-1.0-py3-none-any.whl",
        "x @ https://evil.example/x.whl",
        "x @ file:///etc/x.whl",
        "-r /etc/passwd",
        "-r ../other.txt",
        "-r https://evil.example/r.txt",
        "-c ../../etc/passwd",
        "-r missing.txt",
    ],
)
def test_a_line_that_leads_elsewhere_is_refused_with_its_number(line: str, tmp_path: Path) -> None:
    assert failure(tmp_path, f"flask\n\n{line}\n").line == f"requirements.txt:3: {line}"


def test_an_included_link_leads_nowhere_else(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "out.txt").write_text("six")
    (inside / "in.txt").symlink_to(tmp_path / "out.txt")
    assert failure(inside, "-r in.txt").line == "requirements.txt:1: -r in.txt"


@pytest.mark.parametrize(
    "line", ["foo bar baz", "flask=3", "==1", "flask>=", "${HOME}", "flask>=3,<"]
)
def test_a_line_that_is_no_requirement_is_refused_with_its_number(
    line: str, tmp_path: Path
) -> None:
    assert failure(tmp_path, f"flask\n{line}\n").line == f"requirements.txt:2: {line}"


def test_other_sources_pass_where_they_are_allowed(tmp_path: Path) -> None:
    text = (
        "--extra-index-url https://x.example/simple\ngit+https://x.example/y.git\nz @ file:///z\n"
    )
    (tmp_path / "requirements.txt").write_text(text)
    found = declared(tmp_path, None, other_sources=True)
    assert [line.text for line in found.lines] == text.splitlines()


def test_it_is_bounded(tmp_path: Path) -> None:
    assert "2000" in failure(tmp_path, "a\n" * 2001).message
    assert "bytes" in failure(tmp_path, b"#" * 1024**2 + b"\n").message
    assert failure(tmp_path, b"a\nb\xe9\n").line == "requirements.txt:2"


SCRIPT = """\
#!/usr/bin/env python
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "httpx>=0.28",
#   "Rich",
# ]
# ///
def handler(request): ...
"""


def test_a_script_says_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SCRIPT)
    found = declared(tmp_path, tmp_path / "app.py")
    assert [str(line) for line in found.lines] == ["app.py:5: httpx>=0.28", "app.py:6: Rich"]
    assert found.requires_python == ">=3.11"


def test_a_scripts_bad_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SCRIPT.replace("Rich", "git+https://evil.example/x"))
    with pytest.raises(BuildFailed) as caught:
        declared(tmp_path, tmp_path / "app.py")
    assert caught.value.line == "app.py:6: git+https://evil.example/x"


@pytest.mark.parametrize(
    "header",
    ["# dependencies = [", '# dependencies = "x"', "# dependencies = [1]", "# requires-python = 3"],
)
def test_a_script_header_that_is_none_is_refused(header: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(f"# /// script\n{header}\n# ///\n")
    with pytest.raises(BuildFailed, match=r"app\.py"):
        declared(tmp_path, tmp_path / "app.py")


def test_a_project_file_is_the_last_resort(tmp_path: Path) -> None:
    project = '[project]\nrequires-python = "<3"\ndependencies = [\n  "httpx",\n]\n'
    (tmp_path / "pyproject.toml").write_text(project)
    found = declared(tmp_path, None)
    assert [str(line) for line in found.lines] == ["pyproject.toml:4: httpx"]
    with pytest.raises(BuildFailed, match="needs Python <3"):
        check_python(found, "3.11.7")
    (tmp_path / "requirements.txt").write_text("six\n")
    assert declared(tmp_path, None).names() == {"six"}


def test_a_python_that_is_none_is_refused() -> None:
    check_python(DeclaredRequirements(requires_python=">=3.11"), "3.12.0")
    with pytest.raises(BuildFailed, match="no version specifier"):
        check_python(DeclaredRequirements(requires_python="three"), "3.12.0")


def test_the_guilty_line_is_the_one_a_resolver_quotes(tmp_path: Path) -> None:
    lines = asked(tmp_path, "requests\nFlask_Cors>=1\nflask==3.1.0\nwerkzeug<2\n").lines
    said = "Because flask==3.1.0 depends on werkzeug>=3.1 and you require werkzeug<2."
    assert [line.name for line in find_named(lines, said)] == ["flask", "werkzeug"]
    assert [line.name for line in find_named(lines, "flask-cors was not found.")] == ["flask-cors"]
    assert find_named(lines, "nothing of it") == []


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        found = asked(folder, text)
    except BuildFailed as error:
        assert error.message
    else:
        assert all(line.name or not line.text or line.text == "--pre" for line in found.lines)
