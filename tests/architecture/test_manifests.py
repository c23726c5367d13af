"""The plain manifests match the chart, also on a machine without Helm."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.architecture.repository import ROOT

COPIED = ("charts", "crds", "docs/reference", "hack", "manifests")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def check_without_helm(clone: Path) -> subprocess.CompletedProcess[str]:
    (clone / "bin").mkdir(exist_ok=True)
    environment = {**os.environ, "PATH": str(clone / "bin"), "PYTHONPATH": str(clone / "hack")}
    return subprocess.run(
        [sys.executable, "-m", "plat_reference", "--check"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_helm_manifests_of_the_same_chart_are_current(clone: Path) -> None:
    done = check_without_helm(clone)
    assert done.returncode == 0, done.stderr
    assert "Helm is not installed" in done.stderr


def test_without_helm_rejects_manifests_of_another_chart(clone: Path) -> None:
    with (clone / "charts/plat/values.yaml").open("a", encoding="utf-8") as values:
        values.write("# changed\n")
    done = check_without_helm(clone)
    assert done.returncode == 1
    assert "the chart changed, and manifests/kind.yaml needs Helm to follow" in done.stderr


@pytest.mark.parametrize("name", ["plat.yaml", "kind.yaml"])
def test_the_manifests_are_complete(name: str) -> None:
    text = (ROOT / "manifests" / name).read_text(encoding="utf-8")
    documents = list(yaml.safe_load_all(text))
    kinds = [document["kind"] for document in documents]
    assert kinds[:2] == ["Namespace", "CustomResourceDefinition"]
    assert kinds.count("CustomResourceDefinition") == 1
    assert {"Deployment", "Service", "ServiceAccount", "ClusterRole"} <= set(kinds)
    assert "Secret" not in kinds
    for document in documents[2:]:
        placed = document["metadata"].get("namespace")
        assert placed == (None if document["kind"].startswith("ClusterRole") else "plat-system")
