"""npm in `platform-ui`, as tests of several rooms run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "platform-ui"
NPM = ROOT / "hack" / "npm"


def npm(*arguments: str, **environment: str) -> None:
    """Run npm there, with what it needs installed; its output is the failure's text."""
    if not _is_installed():
        _run("ci", "--no-audit", "--no-fund")
    _run(*arguments, **environment)


def _is_installed() -> bool:
    """Whether what is there was installed from the lock file as it is now."""
    done = FOLDER / "node_modules" / ".package-lock.json"
    lock = FOLDER / "package-lock.json"
    return done.is_file() and done.stat().st_mtime >= lock.stat().st_mtime


def _run(*arguments: str, **environment: str) -> None:
    run = subprocess.run(
        [NPM, *arguments],
        cwd=ROOT,
        env=os.environ | {"PLAT_PYTHON": sys.executable, "CI": "1"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-20_000:]
