"""Every command that the documentation shows does what the documentation says."""

import shutil
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, files
from tests.examples.documents import blocks
from tests.examples.platform import Platform

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

DOCUMENTS = [
    path
    for path in files()
    if path.suffix == ".md" and path.parts[:2] != ("docs", "reference") and blocks(ROOT / path)
]
"""Pages that lead through something; the reference lists commands that do not belong together."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the reader stands: a clone, as far as commands look at it."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_the_commands_of_a_document_do_what_it_shows(
    document: Path, folder: Path, platform: Platform
) -> None:
    for block in blocks(ROOT / document):
        if block.exempt:
            continue
        result = platform.shell(block.script, folder)
        where = f"{document}:{block.line}\n{block.script}"
        assert result.returncode == 0, f"{where}{result.stdout}"
        assert block.agrees(result.stdout), f"{where}--- printed\n{result.stdout}"


def test_the_first_pages_show_commands() -> None:
    assert {Path("README.md"), Path("docs/guides/first-function.md")} <= set(DOCUMENTS)
    examples = {path.parent for path in DOCUMENTS if path.is_relative_to("examples")}
    assert examples == {path.parent for path in files() if path.match("examples/*/README.md")}
