"""Errors of a platform that cannot start, and the output of plat doctor."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.examples.platform import Platform, environment, free_port, running


@pytest.fixture
def broken(tmp_path: Path) -> Platform:
    """Return a platform that was never started."""
    port = free_port()
    return Platform(f"http://localhost:{port}", environment(tmp_path, port))


def refused(platform: Platform, *words: str) -> None:
    """Check that both ways to start it print the reason and a fix, and no traceback."""
    for arguments in (["up", "--detach"], ["up"]):
        result = platform.plat(*arguments, check=False)
        output = result.stdout + result.stderr
        assert result.returncode != 0
        assert [word for word in words if word not in output] == [], output
        assert "Traceback" not in output
    assert platform.plat("status", check=False).returncode == 5


def doctor(platform: Platform) -> str:
    return platform.plat("doctor", check=False).stdout


def test_reports_a_port_in_use(broken: Platform) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        broken.environment["PLAT_PORT"] = port
        refused(broken, f"port {port} of 127.0.0.1 is in use", f"--port {int(port) + 10}")


def test_reports_a_read_only_directory(broken: Platform, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for home in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/plat")):
        broken.environment["PLAT_HOME"] = str(home)
        refused(broken, str(home), "--home ANOTHER-DIRECTORY")


def test_reports_an_invalid_database(broken: Platform) -> None:
    home = Path(broken.environment["PLAT_HOME"])
    home.mkdir()
    (home / "plat.db").write_bytes(os.urandom(4096))
    refused(broken, "cannot be used: file is not a database", "restore it from a backup")
    assert "✗ state" in doctor(broken)


@pytest.mark.parametrize("token", ["", "dev-token"])
def test_reports_a_weak_token(broken: Platform, token: str) -> None:
    broken.environment.update({"AUTH_TOKEN": token, "PLAT_DEV": "0"})
    refused(broken, "AUTH_TOKEN is", "export AUTH_TOKEN=$(openssl rand -hex 24)")


STALE: list[Callable[[], str]] = [
    lambda: '{"pid": 999999, "url": "http://localhost:1", "started": 1}',
    lambda: f'{{"pid": {os.getpid()}, "url": "http://localhost:1", "started": 1}}',
    lambda: "rubbish",
    lambda: "",
]


def test_ignores_a_stale_lock_and_respects_a_held_one(tmp_path: Path) -> None:
    port = free_port()
    platform = Platform(f"http://localhost:{port}", environment(tmp_path, port))
    home = Path(platform.environment["PLAT_HOME"])
    home.mkdir()
    for content in STALE:
        (home / "plat.lock").write_text(content())
        assert platform.plat("status", check=False).returncode == 5
        assert "is not running" in platform.plat("down").stderr
    try:
        platform.plat("up", "--detach")
        again = platform.plat("up", "--detach", "--port", str(free_port()))
        assert "already runs" in again.stderr
        assert "✓ port" in doctor(platform)
    finally:
        platform.plat("down")


def test_a_hundred_invalid_tokens_return_429_with_a_fix(tmp_path: Path) -> None:
    with running(tmp_path) as platform:
        wrong = platform.environment | {"AUTH_TOKEN": "guessed"}
        stranger = Platform(platform.url, wrong)
        result = stranger.plat("list", check=False)
        assert (result.returncode, "AUTH_TOKEN" in result.stderr) == (4, True)
        with httpx.Client(base_url=platform.url) as guesser:
            query = guesser.get("/functions?token=dev-token")
            assert (query.status_code, "token in the query" in query.json()["detail"]) == (
                400,
                True,
            )
            guesser.headers["Authorization"] = "Bearer guessed"
            statuses = [guesser.get("/functions").status_code for _ in range(101)]
            assert (statuses[0], statuses[-1]) == (401, 429)
            blocked = guesser.get("/functions")
            assert 0 < int(blocked.headers["Retry-After"]) <= 60
        result = stranger.plat("list", check=False)
        assert "wait a minute" in result.stderr
        home = Path(platform.environment["PLAT_HOME"])
        assert "guessed" not in (home / "plat.log").read_text(encoding="utf-8")
        assert home.stat().st_mode & 0o777 in (0o700, 0o711)
