"""Fixtures: a fake platform, and the command in this process or as a new one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from plat_cli.main import run

from tests.cli.platform import TOKEN, Platform, serving


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON document on stdout. Fails if stdout has other output."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Plat = Callable[..., Result]


@pytest.fixture
def platform() -> Iterator[Platform]:
    with serving() as started:
        yield started


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Isolate tests from the settings of the developer."""
    for name in ("API_URL", "AUTH_TOKEN", "BUILDER_URL", "NO_COLOR", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PLAT_HOME", str(tmp_path / "home"))


@pytest.fixture
def plat(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Plat:
    """Return a function that runs a command line against the platform."""
    monkeypatch.setenv("API_URL", platform.url)
    monkeypatch.setenv("AUTH_TOKEN", TOKEN)

    def call(*arguments: str) -> Result:
        capfdbinary.readouterr()
        code = run(list(arguments))
        out, err = capfdbinary.readouterr()
        return Result(int(code), out.decode(), err.decode())

    return call


@pytest.fixture
def process(platform: Platform) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Return a function that runs a command line as a process without a terminal."""

    def call(*arguments: str, **extra: Any) -> "subprocess.CompletedProcess[str]":
        env = {**os.environ, "API_URL": platform.url, "AUTH_TOKEN": TOKEN}
        line = [sys.executable, "-m", "plat_cli", *arguments]
        given = {"env": env, "capture_output": True, "text": True, "timeout": 60, **extra}
        return subprocess.run(line, check=False, **given)

    return call


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return the folder of a small function."""
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / "app.py").write_text("def handler(request):\n    return 'hello'\n")
    (folder / "function.json").write_text('{"name": "orders", "runtime": "python"}')
    return folder
