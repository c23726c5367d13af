"""A tier that cannot run is skipped with its reason, or fails if it is required."""

import os
import stat
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT

pytest_plugins = ["pytester"]

SUITE = """
import pytest

@pytest.mark.docker
def test_in_a_container():
    {body}

def test_anywhere():
    pass
"""

MARKERS = "[pytest]\nmarkers =\n    docker: tier\n    kubernetes: tier\nasyncio_mode = auto\n"


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a small suite with the tiers' rules, where the test provides the program `docker`."""
    pytester.makeconftest((ROOT / "tests/tiers.py").read_text(encoding="utf-8"))
    pytester.makeini(MARKERS)
    pytester.makepyfile(SUITE.format(body="assert True"))
    monkeypatch.setenv("PATH", str(pytester.mkdir("bin")), prepend=os.pathsep)
    monkeypatch.delenv("PLAT_REQUIRE", raising=False)
    return pytester


def docker(pytester: pytest.Pytester, *, status: int) -> None:
    program = Path(pytester.path, "bin", "docker")
    program.write_text(f"#!/bin/sh\necho no daemon >&2\nexit {status}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_without_its_daemon_a_tier_is_skipped_with_the_reason(suite: pytest.Pytester) -> None:
    docker(suite, status=1)
    result = suite.runpytest_subprocess("-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*needs docker: *fails: no daemon*"])


def test_with_its_daemon_a_tier_runs(suite: pytest.Pytester) -> None:
    docker(suite, status=0)
    suite.runpytest_subprocess().assert_outcomes(passed=2)


def test_a_required_tier_without_its_daemon_ends_the_run(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(suite, status=1)
    monkeypatch.setenv("PLAT_REQUIRE", "docker")
    result = suite.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*PLAT_REQUIRE=docker, but *no daemon*"])


def test_a_skip_inside_a_required_tier_fails(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(suite, status=0)
    suite.makepyfile(SUITE.format(body="pytest.skip('tired')"))
    monkeypatch.setenv("PLAT_REQUIRE", "docker")
    suite.runpytest_subprocess().assert_outcomes(passed=1, failed=1)


def test_rejects_an_unknown_tier(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAT_REQUIRE", "mainframe")
    result = suite.runpytest_subprocess()
    result.stderr.fnmatch_lines(["*PLAT_REQUIRE: no tier mainframe*"])
