"""`make run` leaves a stranger with a function that answers, also the second time."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.platform import ROOT, Platform, environment, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Platform]:
    """A shell in which nothing was started; what is started there is stopped at the end."""
    port = free_port()
    shell = Platform(f"http://localhost:{port}", environment(tmp_path, port))
    yield shell
    shell.plat("down", check=False)


def make_run(shell: Platform) -> str:
    result = shell.shell("hack/quickstart", ROOT)
    assert result.returncode == 0, result.stdout
    return result.stdout


def test_make_run_ends_with_a_curl_line_that_works_and_can_be_repeated(newcomer: Platform) -> None:
    for _ in range(2):
        [line] = re.findall(r"^  (curl .*)$", make_run(newcomer), flags=re.MULTILINE)
        answer = subprocess.run(
            ["bash", "-c", line], capture_output=True, text=True, timeout=60, check=True
        )
        assert answer.stdout == "Hello, Ada!\n"


def test_make_run_says_that_the_port_is_taken(newcomer: Platform, platform: Platform) -> None:
    port = platform.url.rsplit(":", 1)[1]
    stranger = Platform(platform.url, newcomer.environment | {"PLAT_PORT": port})
    result = stranger.shell("hack/quickstart", ROOT)
    assert result.returncode != 0
    assert port in result.stdout
