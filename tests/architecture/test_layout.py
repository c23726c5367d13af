"""The layout of the repository: packages, names, sizes, docstrings, decisions."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.repository import ROOMS, ROOT, files, modules

LONG_FILES: dict[str, str] = {}
"""Files of more than 400 lines → the reason to keep them in one piece."""

GENERATED = ("charts/plat/files/*", "crds/*", "manifests/*", "platform-ui/src/api/schema.d.ts")
"""Written by `make generate`."""

VAGUE_NAMES = re.compile(r"(^|_)(util|utils|helper|helpers|misc|common|manager)(_|$)")
DECISION_HEADINGS = {"Context", "Decision", "Consequences", "Status"}


def test_importing_operator_at_the_root_finds_the_standard_library() -> None:
    program = "import operator; print(operator.__file__)"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not Path(result.stdout.strip()).is_relative_to(ROOT / "operator")
    assert not (ROOT / "operator" / "__init__.py").exists()


@pytest.mark.parametrize("folder", ROOMS)
def test_a_folder_contains_exactly_one_package_and_no_module(folder: str) -> None:
    inside = [path.relative_to(folder) for path in files() if path.is_relative_to(folder)]
    packages = {path.parts[0] for path in inside if path.parts[1:] == ("__init__.py",)}
    assert packages == {ROOMS[folder]}
    assert not [path for path in inside if len(path.parts) == 1 and path.suffix == ".py"]


def test_every_module_is_in_a_package() -> None:
    rooms = {*ROOMS, "tests", "examples", "bench"}
    assert not [path for path in files() if path.suffix == ".py" and path.parts[0] not in rooms]


@pytest.mark.parametrize("path", modules(), ids=str)
def test_every_module_has_a_docstring(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    assert docstring, f"{path} has no docstring"
    assert docstring.rstrip().endswith((".", "?", "`")), f"{path}: {docstring!r} is no sentence"


def test_no_file_is_too_long() -> None:
    code = {".py", ".sh", ".ts", ".tsx", ".css", ".yaml"}
    long = {
        str(path)
        for path in files()
        if path.suffix in code
        and not any(path.match(pattern) for pattern in GENERATED)
        and len((ROOT / path).read_text(encoding="utf-8").splitlines()) > 400
    }
    assert long <= set(LONG_FILES)


def test_every_exception_for_long_files_exists() -> None:
    assert not [name for name in LONG_FILES if not (ROOT / name).is_file()]


def test_names_say_what_a_thing_does() -> None:
    named = {part for path in files() for part in (*path.parent.parts, path.stem)}
    assert not sorted(name for name in named if VAGUE_NAMES.search(name))


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in files() if path.match("tests/**/test_*.py")}
    assert not [folder for folder in folders if not (ROOT / folder / "__init__.py").is_file()]


@pytest.mark.parametrize(
    "path", [path for path in files() if path.is_relative_to("docs/decisions")], ids=str
)
def test_a_decision_has_its_four_headings(path: Path) -> None:
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)
    text = (ROOT / path).read_text(encoding="utf-8")
    assert text.startswith(f"# {int(path.name[:4])}. ")
    assert set(re.findall(r"^## (.+)$", text, flags=re.MULTILINE)) == DECISION_HEADINGS


def test_numbers_of_decisions_are_unique() -> None:
    numbers = [path.name[:4] for path in files() if path.is_relative_to("docs/decisions")]
    assert len(numbers) == len(set(numbers))
