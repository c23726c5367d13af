"""The import contracts hold, and each one detects a violation."""

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, SHIPPED

PREFIX = "importlinter:contract:"

OFFENCES = {
    "rooms": ("core/plat_core/model/stray.py", "import plat_gateway"),
    "cli-packs-only": ("cli/plat_cli/stray.py", "import plat_builder.stray"),
    "core": ("core/plat_core/model/stray.py", "import plat_core.ports"),
    "backends": ("backends/plat_backends/memory/stray.py", "import plat_backends.sql"),
    "wiring": ("gateway/plat_gateway/stray.py", "import plat_backends.sql"),
    "core-is-plain": ("core/plat_core/stray.py", "import fastapi"),
    "core-does-no-io": ("core/plat_core/model/stray.py", "import sqlalchemy"),
    "database": ("backends/plat_backends/memory/stray.py", "import sqlalchemy"),
    "typer-in-cli": ("builder/plat_builder/stray.py", "import typer"),
    "runtime-is-alone": ("runtimes/plat_runtime/stray.py", "import plat_core.model"),
    "docker": ("gateway/plat_gateway/stray.py", "import docker"),
    "runtime-is-not-imported": ("gateway/plat_gateway/stray.py", "import plat_runtime"),
    "kopf-in-operator": ("operator/plat_operator/stray.py", "import kopf"),
    "problems-need-no-framework": ("http/plat_http/statuses.py", "import fastapi"),
    "kubernetes": ("operator/plat_operator/stray.py", "import kubernetes"),
}
"""Contract → a module that violates it: its path and its only line."""

BYSTANDERS = {"cli-packs-only": "builder/plat_builder/stray.py"}
"""Modules that a violation imports, without violating a contract themselves."""


def contracts() -> dict[str, str]:
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter", encoding="utf-8")
    return {
        section.removeprefix(PREFIX): config[section]["name"]
        for section in config.sections()
        if section.startswith(PREFIX)
    }


def lint(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    rooms = [str(root / folder) for folder in SHIPPED]
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(rooms), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the packages and contracts, which a test may change."""
    for folder, package in SHIPPED.items():
        shutil.copytree(
            ROOT / folder / package,
            tmp_path / folder / package,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def test_every_contract_has_a_violation() -> None:
    assert set(OFFENCES) == set(contracts())


def test_an_unchanged_copy_keeps_all_contracts(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"Contracts: {len(contracts())} kept, 0 broken." in result.stdout


@pytest.mark.parametrize("contract", OFFENCES)
def test_detects_the_violation(contract: str, copy: Path) -> None:
    path, line = OFFENCES[contract]
    if bystander := BYSTANDERS.get(contract):
        (copy / bystander).write_text("", encoding="utf-8")
    offender = copy / path
    offender.parent.mkdir(parents=True, exist_ok=True)
    offender.write_text(f"{line}\n", encoding="utf-8")
    result = lint(copy, "--contract", contract)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{contracts()[contract]} BROKEN" in result.stdout
