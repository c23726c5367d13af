"""`plat up --kind` and `plat down --kind`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.examples.documents import blocks
from tests.examples.platform import DOCUMENTED_URL, PLAT, SETTINGS, free_port

from .cluster import ROOT, run
from .process import fetch

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(900)]

NAME = "plat-test-up"
GUIDE = ROOT / "docs/guides/kubernetes.md"
RUN_HERE = "tests/kubernetes runs it"


class Desk:
    """A shell with its own ports and kubeconfig, and with `plat` on its path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.registry_port = free_port(), free_port()
        self.url = f"http://localhost:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        self.environment = inherited | {
            "PATH": f"{PLAT.parent}{os.pathsep}{os.environ['PATH']}",
            "KUBECONFIG": str(folder / "kubeconfig"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "API_URL": self.url,
            "NO_COLOR": "1",
        }

    def plat(self, *arguments: str, code: int = 0) -> Any:
        """Run a command and return the document that it prints."""
        done = self._run([str(PLAT), *arguments, "--json"], stderr=subprocess.PIPE)
        assert done.returncode == code, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def up(self) -> Any:
        ports = ("--port", str(self.port), "--registry-port", str(self.registry_port))
        return self.plat("up", "--kind", "--name", NAME, *ports)

    def down(self) -> Any:
        return self.plat("down", "--kind", "--name", NAME)

    def shell(self, script: str) -> subprocess.CompletedProcess[str]:
        own = script.replace(DOCUMENTED_URL, self.url).replace("curl ", "curl -sS ")
        return self._run(["bash", "-euo", "pipefail", "-c", own], stderr=subprocess.STDOUT)

    def _run(self, command: list[str], stderr: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            timeout=850,
            check=False,
        )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("kind-up")
    shutil.copytree(ROOT / "examples", folder / "examples")
    desk = Desk(folder)
    desk.down()
    yield desk
    desk.down()


@pytest.fixture(scope="module")
def first(desk: Desk) -> Any:
    return desk.up()


def test_up_creates_a_cluster_that_serves_functions(desk: Desk, first: Any) -> None:
    assert first["made"]
    assert {"gateway", "operator", "builder"} <= set(first["built"])
    assert first["answer"].startswith("Hello, world, from greeter-1-")
    status, text = fetch(f"{desk.url}/function/greeter?name=Ada")
    assert (status, text.split(",")[1]) == (200, " Ada")


def test_a_second_up_changes_nothing(desk: Desk, first: Any) -> None:
    second = desk.up()
    assert (second["made"], second["built"], second["changed"]) == (False, [], False)
    assert second["answer"].startswith("Hello, world, from greeter-1-")


def test_the_commands_of_the_guide_work(desk: Desk, first: Any) -> None:
    found = [block for block in blocks(GUIDE) if block.exempt == RUN_HERE]
    assert len(found) == 3
    for block in found:
        done = desk.shell(block.script)
        where = f"{GUIDE.name}:{block.line}\n{block.script}--- printed\n{done.stdout}"
        assert done.returncode == 0, where
        output = done.stdout.replace(desk.url, DOCUMENTED_URL)
        assert block.agrees(output), where


def test_the_api_server_accepts_the_plain_manifests(desk: Desk, first: Any) -> None:
    for manifests in (("-f", "manifests/plat.yaml"), ("-k", "manifests")):
        command = ("kubectl", "--kubeconfig", desk.environment["KUBECONFIG"], "apply")
        options = ("--server-side", "--force-conflicts", "--dry-run=server", *manifests)
        done = subprocess.run(
            [*command, *options], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "deployment.apps/plat-operator" in done.stdout


def test_up_starts_a_stopped_cluster(desk: Desk, first: Any) -> None:
    run("docker", "stop", "--time", "5", f"{NAME}-control-plane", f"{NAME}-registry")
    woken = desk.up()
    assert (woken["made"], woken["built"]) == (False, [])
    assert woken["answer"].startswith("Hello, world, from greeter-")


def test_rejects_another_port_for_an_existing_cluster(desk: Desk, first: Any) -> None:
    refused = desk.plat("up", "--kind", "--name", NAME, "--port", str(free_port()), code=2)
    assert f"its gateway uses port {desk.port}" in refused["detail"]
    assert f"plat down --kind --name {NAME}" in refused["fix"]


def test_doctor_reports_no_errors(desk: Desk, first: Any) -> None:
    checks = desk.plat("doctor", "--kind", "--name", NAME)["checks"]
    names = [check["name"] for check in checks if check["level"] == "ok"]
    assert names == ["clone", "docker", "kind", "cluster", "registry", "context"]


def test_down_deletes_everything_and_can_be_repeated(desk: Desk, first: Any) -> None:
    assert desk.down()["deleted"]
    assert NAME not in run("kind", "get", "clusters").split()
    assert not run("docker", "ps", "--all", "--quiet", "--filter", f"name=^{NAME}-")
    assert not run("docker", "image", "ls", "--quiet", f"localhost:{desk.registry_port}/plat-*")
    assert not desk.down()["deleted"]
    assert desk.plat("doctor", "--kind", "--name", NAME, code=1)["checks"][-1]["name"] == "cluster"
