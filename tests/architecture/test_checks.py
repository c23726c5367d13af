"""make, pre-commit and CI run the same checks, and a fresh clone needs nothing but Python."""

import os
import re
import subprocess
from pathlib import Path

import yaml

from tests.architecture.repository import ROOT


def makefile() -> str:
    return (ROOT / "Makefile").read_text(encoding="utf-8")


def test_pre_commit_runs_what_make_check_runs() -> None:
    [checks] = re.findall(r"^check: ([a-z ]+) ##", makefile(), flags=re.MULTILINE)
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    [local] = config["repos"]
    assert local["repo"] == "local"
    assert [hook["entry"] for hook in local["hooks"]] == [f"make {c}" for c in checks.split()]


def test_make_without_a_target_lists_every_documented_target() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in re.findall(r"^([a-z-]+):.*## ", makefile(), flags=re.MULTILINE):
        assert re.search(rf"^  make {target} +\S", listed, flags=re.MULTILINE)


def test_ci_runs_make_check_and_make_test() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert script.rstrip().endswith("make check\nmake test")
    assert os.access(ROOT / ".ci/run", os.X_OK)


def setup(root: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    script = root / "hack" / "setup"
    script.parent.mkdir()
    script.write_bytes((ROOT / "hack/setup").read_bytes())
    script.chmod(0o755)
    (root / "pyproject.toml").write_text("", encoding="utf-8")
    return subprocess.run(
        [script], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def fake(folder: Path, name: str, *lines: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    (folder / name).chmod(0o755)


def test_an_older_python_gets_a_clear_error(tmp_path: Path) -> None:
    fake(tmp_path / "bin", "old", '[ "$1" = --version ] && echo Python 3.9.2', "exit 1")
    result = setup(tmp_path, PYTHON=str(tmp_path / "bin" / "old"))
    assert result.returncode == 1
    assert "plat needs Python 3.11 or newer" in result.stderr
    assert "is Python 3.9.2" in result.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_python_without_venv_gets_a_clear_error(tmp_path: Path) -> None:
    fake(tmp_path / "bin", "bare", 'case "$2" in *venv*) exit 1;; esac')
    result = setup(tmp_path, PYTHON=str(tmp_path / "bin" / "bare"))
    assert result.returncode == 1
    assert "sudo apt-get install python3-venv" in result.stderr
