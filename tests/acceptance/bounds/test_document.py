"""The OpenAPI document matches the API of a running platform."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.platform import ROOT, TOKEN, running


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    limits = {
        "PLAT_AUTH_FAILURES": "1000000",
        "PLAT_WAIT_LIMIT": "0.05",
        "PLAT_STREAM_LIMIT": "0.2",
    }
    with running(tmp_path, PLAT_BUILD_TIMEOUT="10s", **limits) as platform:
        run = subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis",
                *("--config-file", ROOT / "schemathesis.toml"),
                *("run", f"{platform.url}/openapi.json", "--checks", "all", "--no-color"),
                *("--header", f"Authorization: Bearer {TOKEN}"),
                *("--max-examples", "5", "--seed", "1"),
                *("--generation-database", "none", "--request-timeout", "60"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
