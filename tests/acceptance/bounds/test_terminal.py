"""The CLI in a terminal: Ctrl-C, JSON, Unicode and long output."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.bounds.conftest import write
from tests.acceptance.bounds.sockets import seen, until
from tests.examples.platform import PLAT, ROOT, Platform

WORLD = """
import os

def handler(request):
    print("Grüße 🎉 日本 \\x1b[31mred", flush=True)
    return os.environ["WORD"] + request.path
"""


def begun(platform: Platform, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start a long-running command."""
    return subprocess.Popen(
        [PLAT, *arguments],
        cwd=ROOT,
        env=platform.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupted(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C and return the output, which has no traceback."""
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in out + error
    return out + error


def test_ctrl_c_ends_a_waiting_deploy_but_not_the_platform(
    bounded: Platform, tmp_path: Path
) -> None:
    folder = write(
        tmp_path / "slow", {"app.py": "while True: pass\n"}, name="slow", handler="app:x"
    )
    process = begun(bounded, "deploy", folder)
    assert process.stderr
    while "build" not in process.stderr.readline():
        continue
    interrupted(process)
    assert bounded.plat("status").returncode == 0
    bounded.plat("delete", "slow", "--yes", check=False)


def test_ctrl_c_cancels_a_call_in_the_function(wire: Platform) -> None:
    left = seen(wire)["left"]
    process = begun(wire, "invoke", "wire", "--path", "/sse")
    assert process.stdout
    assert process.stdout.readline() == "data: 1\n"
    interrupted(process)
    until(lambda: seen(wire)["left"] == left + 1)


def test_ctrl_c_ends_followed_logs(wire: Platform) -> None:
    process = begun(wire, "logs", "wire", "-f")
    assert process.stdout
    assert "serving" in process.stdout.readline()
    interrupted(process)


def test_prints_unicode_without_control_characters(bounded: Platform, tmp_path: Path) -> None:
    folder = tmp_path / "Über 日本"
    write(folder, {"app.py": WORLD}, name="world", env={"WORD": "Grüße 🎉 "})
    bounded.plat("deploy", folder)
    assert bounded.plat("invoke", "world", "--path", "/ü").stdout.strip() == "Grüße 🎉 /ü"
    logs = bounded.plat("logs", "world").stdout
    assert "Grüße 🎉 日本 \N{REPLACEMENT CHARACTER}[31mred" in logs
    assert "\x1b" not in logs
    plain = Platform(bounded.url, bounded.environment | {"PYTHONIOENCODING": "ascii"})
    assert "Gr\\xfc\\xdfe" in plain.plat("logs", "world").stdout
    lines = plain.plat("logs", "world", "--json").stdout.splitlines()
    assert [line for line in lines if json.loads(line)["text"].startswith("Grüße 🎉 日本")]


@pytest.mark.parametrize(
    "line",
    [
        "list",
        "describe world",
        "describe nobody",
        "logs world",
        "logs nobody",
        "invoke world",
        "invoke nobody",
        "status",
        "doctor",
        "version",
        "secret list",
        "secret set json a=b",
        "secret delete json",
        "secret delete json",
        "scale world 1",
        "scale world x",
        "stop world",
        "start world",
        "redeploy world",
        "deploy nowhere",
        "up",
        "delete nobody",
        "nonsense",
        "list --nonsense",
        "list --token wrong",
        "list --api-url http://localhost:1",
    ],
)
def test_json_output_is_only_json(bounded: Platform, line: str) -> None:
    result = bounded.plat(*line.split(), "--json", check=False)
    documents = [json.loads(text) for text in result.stdout.splitlines()]
    assert len(documents) == 1 or line.startswith("logs")
    assert result.stderr == ""
    if result.returncode:
        assert documents[0]["exitCode"] == result.returncode
        assert documents[0]["detail"]
