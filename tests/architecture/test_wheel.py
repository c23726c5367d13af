"""The wheel contains the whole platform and works without a checkout."""

import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, SHIPPED, files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of a clean checkout."""
    checkout = tmp_path_factory.mktemp("checkout")
    for path in files():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, checkout / path)
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "build", "--quiet", "--wheel", checkout], check=True)
    [built] = (checkout / "dist").glob("*.whl")
    return built


def shipped_name(path: Path) -> str:
    """Return the path of a file in the wheel."""
    if path.parts[0] == "runtimes" and path.parts[1] != "plat_runtime":
        return str(Path("plat_runtime/catalogue", *path.parts[1:]))
    return str(Path(*path.parts[1:]))


def test_the_wheel_contains_exactly_the_files_of_the_packages(wheel: Path) -> None:
    wanted = {
        shipped_name(path) for path in files() if path.parts[0] in SHIPPED and len(path.parts) > 2
    }
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert shipped == wanted


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_installed_plat_lists_its_version_and_runtimes(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv")
    python = tmp_path / "venv/bin/python"
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, wheel], check=True)
    plat = python.with_name("plat")
    version = run(plat, "version", folder=tmp_path)
    runtimes = run(plat, "init", "--list", folder=tmp_path)
    assert wheel.name.split("-")[1] in version
    for folder in (ROOT / "runtimes").glob("*/runtime.json"):
        assert folder.parent.name in runtimes


def run(*command: str | Path, folder: Path) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
