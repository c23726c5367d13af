"""A default install lacks the libraries of the extras; each service names the extra it needs."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from plat_core.extras import EXTRAS

from tests.architecture.repository import ROOT

WITHOUT_EXTRAS = """
import runpy, sys
for name in {hidden!r}:
    sys.modules[name] = None
{code}
"""
"""An entry of None makes Python raise ModuleNotFoundError, like a package that is not installed."""


def run_without_extras(code: str, home: Path, **environment: str) -> "subprocess.Popen[str]":
    script = WITHOUT_EXTRAS.format(hidden=sorted(EXTRAS), code=code)
    variables = {**os.environ, "PLAT_HOME": str(home), "AUTH_TOKEN": "secret-token"} | environment
    return subprocess.Popen(
        [sys.executable, "-c", script], env=variables, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(
    ("module", "environment", "package", "extra"),
    [
        ("plat_gateway", {"PLAT_BACKEND": "kubernetes"}, None, "kubernetes"),
        (
            "plat_gateway",
            {"PLAT_BACKEND": "docker", "DATABASE_URL": "postgresql://plat@localhost/plat"},
            "psycopg",
            "postgres",
        ),
        ("plat_controller", {}, "docker", "docker"),
        ("plat_operator", {}, None, "kubernetes"),
        ("plat_builder", {"PLAT_BUILD_ENGINE": "docker"}, "docker", "docker"),
    ],
)
def test_a_service_without_its_library_names_the_extra(
    module: str, environment: dict[str, str], package: str | None, extra: str, tmp_path: Path
) -> None:
    code = f'runpy.run_module("{module}", run_name="__main__", alter_sys=True)'
    with run_without_extras(code, tmp_path, PLAT_PORT="18099", **environment) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    assert f"the Python package {package or ''}" in errors
    assert "is not installed" in errors
    assert f"pip install 'plat-faas[{extra}]'" in errors
    assert "Traceback" not in errors


def test_the_embedded_platform_imports_no_library_of_an_extra(tmp_path: Path) -> None:
    code = "import plat_cli.main, plat_gateway.__main__, plat_gateway.wiring.embedded"
    with run_without_extras(code, tmp_path) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors


def test_every_library_of_an_extra_is_known_by_its_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {
        Requirement(text).name: extra
        for extra, texts in project["optional-dependencies"].items()
        for text in texts
    }
    assert declared == EXTRAS
