"""The catalogue of runtimes."""

from pathlib import Path

import pytest
from plat_builder import runtimes
from plat_builder.runtimes import RuntimeCatalog
from plat_core.errors import InvalidInput


def test_the_real_ones_are_found_beside_the_installed_program() -> None:
    catalog = RuntimeCatalog(runtimes.find())
    assert [runtime.name for runtime in catalog.list()] == [
        "node",
        "python",
        "python-flask",
    ]
    assert (catalog.launcher / "__main__.py").is_file()
    flask = catalog.get("python-flask")
    assert "flask" in flask.requirements.read_text()
    for runtime in catalog.list():
        files = [runtime.folder / "template" / name for name in runtime.description.template]
        assert files
        assert all(file.is_file() for file in files)


def test_in_a_wheel_the_program_is_round_the_catalogue(tmp_path: Path) -> None:
    folder = tmp_path / "plat_runtime/catalogue"
    (folder / "mine").mkdir(parents=True)
    description = '{"name": "mine", "language": "python", "description": "d", "handler": "a:b"}'
    (folder / "mine/runtime.json").write_text(description)
    catalog = RuntimeCatalog(folder)
    assert catalog.launcher == tmp_path / "plat_runtime"
    assert catalog.get("mine").description.handler == "a:b"
    with pytest.raises(InvalidInput, match="there are: mine"):
        catalog.get("cobol")


@pytest.mark.parametrize(
    "content",
    ['{"name": "x"}', '{"name": "y", "language": "python", "description": "", "handler": ""}'],
)
def test_a_broken_one_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/runtime.json").write_text(content)
    with pytest.raises(InvalidInput, match="x"):
        RuntimeCatalog(tmp_path).list()
