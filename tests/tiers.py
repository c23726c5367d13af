"""Test tiers: tests that need more than Python are skipped with a reason if it is missing.

`PLAT_REQUIRE=docker,kubernetes` turns that into an error: the run stops if the daemon of a named
tier does not respond, and no test of a named tier may be skipped.
"""

import functools
import os
import shutil
import subprocess
from collections.abc import Generator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

PROBES = {
    "browser": [os.environ.get("CHROMIUM", "chromium"), "--version"],
    "docker": ["docker", "version", "--format", "{{.Server.Version}}"],
    "kubernetes": ["kind", "get", "clusters"],
}
"""Tier → the command that succeeds where the tier can run."""

ON_REQUEST = {"browser": "", "kubernetes": "PLAT_KIND_CLUSTER"}
"""Tiers that take minutes: they run where PLAT_REQUIRE names them, or that variable is set."""

REQUIRED = frozenset(filter(None, os.environ.get("PLAT_REQUIRE", "").split(",")))


@functools.cache
def missing(tier: str) -> str | None:
    """Return why the tier cannot run on this machine, or None."""
    if tier in ON_REQUEST and tier not in REQUIRED and not os.environ.get(ON_REQUEST[tier]):
        return f"it takes minutes; ask for it with PLAT_REQUIRE={tier}"
    command = PROBES[tier]
    if shutil.which(command[0]) is None:
        return f"{command[0]} is not installed"
    try:
        probe = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return f"`{' '.join(command)}` does not answer"
    if probe.returncode == 0:
        return None
    return f"`{' '.join(command)}` fails: {(probe.stderr or probe.stdout).strip()[:200]}"


def pytest_configure() -> None:
    """Stop the run without a required tier."""
    if unknown := sorted(REQUIRED - set(PROBES)):
        raise pytest.UsageError(f"PLAT_REQUIRE: no tier {unknown[0]}; there are {sorted(PROBES)}")
    for tier in sorted(REQUIRED):
        if reason := missing(tier):
            raise pytest.UsageError(f"PLAT_REQUIRE={tier}, but {reason}")


class Streams(LoadScopeScheduling):  # type: ignore[misc]
    """Schedule two ordered streams of tests: those with the cluster, and the others.

    Tests with the cluster mostly wait, so they slow the others down little.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "cluster" if "kubernetes" in nodeid else "machine"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Streams | None:
    """With `-n 2 --dist loadgroup`."""
    return Streams(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Reject a cluster test that would be scheduled in the other stream."""
    if item.get_closest_marker("kubernetes") and "kubernetes" not in item.nodeid:
        raise pytest.UsageError(f"{item.nodeid}: name the cluster's tests after kubernetes")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose tier cannot run here."""
    for tier in PROBES:
        if item.get_closest_marker(tier) and (reason := missing(tier)):
            pytest.skip(f"needs {tier}: {reason}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip inside a required tier into a failure; a test of two tiers needs both named."""
    report = yield
    tiers = {tier for tier in PROBES if item.get_closest_marker(tier)}
    if report.skipped and tiers and tiers <= REQUIRED:
        report.outcome = "failed"
        report.longrepr = f"skipped, but PLAT_REQUIRE names its tier: {report.longrepr}"
    return report
