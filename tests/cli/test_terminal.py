"""Output on a pseudo-terminal and on a pipe."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from plat_cli.output import printable, size, span

from tests.cli.platform import TOKEN, Platform


def on_a_terminal(platform: Platform, *arguments: str, **variables: str) -> tuple[int, str]:
    """Run a command on a pseudo-terminal and return its exit code and output."""
    given = {"API_URL": platform.url, "AUTH_TOKEN": TOKEN, "TERM": "xterm-256color"}
    environ = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "plat_cli", *arguments],
        env={**environ, **given, **variables},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    content = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([master], [], [], 1)[0]:
            try:
                piece = os.read(master, 65536)
            except OSError:  # the last one closed the terminal
                break
            content += piece
            if not piece:
                break
    os.close(master)
    return process.wait(60), content.decode()


def test_prints_colors_on_a_terminal(platform: Platform, source: Path) -> None:
    code, text = on_a_terminal(platform, "deploy", str(source))
    assert code == 0, text
    assert "\x1b[32m✓\x1b[0m pack" in text


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colors_can_be_turned_off(
    platform: Platform, source: Path, variables: dict[str, str]
) -> None:
    code, text = on_a_terminal(platform, "deploy", str(source), **variables)
    assert code == 0, text
    assert "✓ pack" in text
    assert "\x1b[3" not in text


def test_a_long_wait_shows_a_spinner_with_the_reason(platform: Platform, source: Path) -> None:
    platform.never_ready = True
    platform.start_failure = ("Starting", "", "")
    code, text = on_a_terminal(platform, "deploy", str(source), "--timeout-wait", "1.5")
    assert code == 7, text
    assert "start …" in text
    assert "Starting" in text


def test_prints_plain_lines_to_a_pipe(platform: Platform, source: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "plat_cli", "deploy", str(source)],
        env={**os.environ, "API_URL": platform.url, "AUTH_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert done.stdout == f"{platform.url}/function/orders\n"


def test_ctrl_c_exits_with_130(platform: Platform, source: Path) -> None:
    platform.never_ready = True
    process = subprocess.Popen(
        [sys.executable, "-m", "plat_cli", "deploy", str(source)],
        env={**os.environ, "API_URL": platform.url, "AUTH_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while "GET /functions/orders" not in platform.paths() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in out + err


def test_a_reader_that_leaves_is_no_error(platform: Platform) -> None:
    record = {"time": "2026-01-31T12:00:00Z", "replica": "r", "stream": "stdout", "text": "x" * 100}
    platform.log_lines = [record] * 20_000
    platform.put("orders", {"spec": {"image": "a"}})
    process = subprocess.Popen(
        [sys.executable, "-m", "plat_cli", "logs", "orders"],
        env={**os.environ, "API_URL": platform.url, "AUTH_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(60)


def test_foreign_text_cannot_move_the_cursor() -> None:
    assert "\x1b" not in printable("a\x1b]0;title\x07b\r")
    assert printable("ä\tb") == "ä\tb"


def test_amounts_are_short() -> None:
    assert [size(n) for n in (0, 999, 1500, 25_000, 3_200_000, 5e9)] == [
        "0 B", "999 B", "1.5 KB", "25 KB", "3.2 MB", "5.0 GB"
    ]  # fmt: skip
    assert [span(n) for n in (3.9, 90, 7200, 200_000)] == ["3s", "1m", "2h", "2d"]
