"""What `platform-ui` tests itself: types, lint, logic, size, and the journeys in a browser."""

from __future__ import annotations

import pytest

from .console import FOLDER, npm

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """The console as `make ui` builds it."""
    npm("run", "build")


@pytest.mark.parametrize("script", ["check", "test", "size"])
def test_the_console_passes_its(script: str) -> None:
    npm("run", script)


def test_the_console_works_in_a_browser_against_a_real_platform() -> None:
    npm("run", "e2e")


def test_the_lock_file_names_no_registry() -> None:
    lock = (FOLDER / "package-lock.json").read_text()
    assert '"resolved"' not in lock
