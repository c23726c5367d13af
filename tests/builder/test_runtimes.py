"""The catalog of runtimes, and the guide to adding one."""

import re
import shutil
from pathlib import Path

import pytest
from plat_builder import languages, runtimes
from plat_builder.engines.environment import EnvironmentEngine
from plat_builder.languages import discovery
from plat_builder.runtimes import RuntimeCatalog
from plat_core.errors import InvalidInput

from tests.architecture.repository import ROOT
from tests.builder.conftest import SETTINGS, build

RUNTIMES = {"node": "node", "python": "python", "python-flask": "python"}
"""Every runtime and its language."""
GUIDE = (ROOT / "docs/guides/adding-a-runtime.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`runtimes/([^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MODULE = re.compile(r"^```python\n(from plat_builder.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_runtime_has_a_row() -> None:
    catalog = RuntimeCatalog(runtimes.find())
    found = {runtime.name: runtime.description.language for runtime in catalog.list()}
    assert found == RUNTIMES
    assert set(found.values()) == set(discovery.known_languages())
    assert (catalog.launcher / "__main__.py").is_file()
    assert "flask" in catalog.get("python-flask").requirements.read_text()


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_runtime_has_all_files_of_its_template(name: str) -> None:
    runtime = RuntimeCatalog(runtimes.find()).get(name)
    files = [runtime.folder / "template" / name for name in runtime.description.template]
    assert files
    assert all(file.is_file() for file in files)


async def test_the_guide_adds_a_runtime_to_the_embedded_engine(tmp_path: Path) -> None:
    folder = tmp_path / "runtimes"
    shutil.copytree(runtimes.find(), folder)
    for path, content in FILE.findall(GUIDE):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    runtime = RuntimeCatalog(folder).get("python-bottle")
    template = runtime.folder / "template"
    assert {file.name for file in template.iterdir()} == set(runtime.description.template)
    engine = EnvironmentEngine(tmp_path / "home", runtimes=folder, settings=SETTINGS)
    built = await build(engine, template)
    assert (built.finished.runtime, built.finished.handler) == ("python-bottle", "app:app")


def test_the_guide_adds_a_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [module] = MODULE.findall(GUIDE)
    (tmp_path / "go.py").write_text(module)
    monkeypatch.setattr(languages, "__path__", [*languages.__path__, str(tmp_path)])
    discovery.known_languages.cache_clear()
    try:
        assert list(discovery.known_languages()) == ["go", "node", "python"]
    finally:
        discovery.known_languages.cache_clear()


def test_finds_the_launcher_of_a_wheel_above_the_catalog(tmp_path: Path) -> None:
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
def test_names_a_broken_description(tmp_path: Path, content: str) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/runtime.json").write_text(content)
    with pytest.raises(InvalidInput, match="x"):
        RuntimeCatalog(tmp_path).list()
