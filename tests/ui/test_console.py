"""What `platform-ui` tests itself: types, lint, logic, size, and the journeys in a browser."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NPM = ROOT / "hack" / "npm"

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]


def npm(*arguments: str) -> None:
    """Run npm in platform-ui; its output is the failure's text."""
    run = subprocess.run(
        [NPM, *arguments],
        cwd=ROOT,
        env=os.environ | {"PLAT_PYTHON": sys.executable, "CI": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-20_000:]


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """The console as `make ui` builds it."""
    npm("ci", "--no-audit", "--no-fund")
    npm("run", "build")


@pytest.mark.parametrize("script", ["check", "test", "size"])
def test_the_console_passes_its(script: str) -> None:
    npm("run", script)


def test_the_console_works_in_a_browser_against_a_real_platform() -> None:
    npm("run", "e2e")


def test_the_lock_file_names_no_registry() -> None:
    lock = (ROOT / "platform-ui" / "package-lock.json").read_text()
    assert '"resolved"' not in lock
