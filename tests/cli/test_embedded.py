"""`plat up`, `down`, `status` and `dev` with the real platform."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from plat_cli import embedded

READY = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def until(holds: Callable[[], Any]) -> Any:
    """Wait until `holds` returns a true value, and return it."""
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.05)
    raise AssertionError("timed out")


class Machine:
    """Runs commands as processes with a separate state directory and port."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        given = {"PLAT_HOME": str(home), "PLAT_PORT": str(self.port), "API_URL": self.url}
        self.env = {**os.environ, **given, "XDG_CACHE_HOME": str(home.parent / "cache")}
        if cache := os.environ.get("UV_CACHE_DIR"):
            self.env["UV_CACHE_DIR"] = cache

    def plat(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        line = [sys.executable, "-m", "plat_cli", *arguments]
        return subprocess.run(
            line, env=self.env, capture_output=True, text=True, check=False, timeout=100
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "plat_cli", *arguments],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def answer(self, path: str) -> str:
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                return str(answer.read().decode())
        except OSError as error:
            return f"{error}"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path / "home")
    yield made
    if running := embedded.find(made.home):
        embedded.stop(running)


def test_up_and_down_are_idempotent(machine: Machine) -> None:
    first = machine.plat("up", "--detach")
    assert first.returncode == 0, first.stderr
    assert first.stdout == f"plat runs at {machine.url}\n"
    assert "plat init hello" in first.stderr
    again = machine.plat("up")
    assert again.returncode == 0
    assert "already runs" in again.stderr
    status = json.loads(machine.plat("status", "--json").stdout)
    assert status["pid"] == json.loads((machine.home / "plat.lock").read_text())["pid"]
    assert status["memoryBytes"] > 10_000_000
    down = machine.plat("down", "--json")
    assert json.loads(down.stdout)["stopped"] is True
    assert not psutil.pid_exists(status["pid"])
    assert json.loads(machine.plat("down", "--json").stdout) == {"stopped": False}
    stopped = machine.plat("status")
    assert stopped.returncode == 5
    assert f"plat up --detach --port {machine.port}" in stopped.stderr


def test_runs_the_platform_in_the_foreground(machine: Machine) -> None:
    process = machine.start("up")
    try:
        running = until(lambda: embedded.find(machine.home))
        assert running.pid == process.pid
        until(lambda: embedded.ready(running.url))
        process.send_signal(signal.SIGINT)
        text, _ = process.communicate(timeout=60)
        assert process.returncode == 0, text
        assert "press Ctrl-C to stop" in text
    finally:
        process.kill()


def test_names_the_process_that_uses_the_port(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", machine.port)):
        done = machine.plat("up", "--detach")
    assert done.returncode == 5
    assert f"uses port {machine.port}" in done.stderr
    assert f"pid {os.getpid()}" in done.stderr


def test_ignores_a_stale_lock(machine: Machine) -> None:
    machine.home.mkdir()
    stale = {"pid": os.getpid(), "url": "http://localhost:1", "started": 0}
    (machine.home / "plat.lock").write_text(json.dumps(stale))
    assert embedded.find(machine.home) is None
    assert machine.plat("down").returncode == 0
    assert machine.plat("up", "--detach").returncode == 0


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"pid": "x", "url": 1}', "\0" * 9, '{"pid":'])
def test_ignores_an_invalid_lock(tmp_path: Path, content: str) -> None:
    (tmp_path / "plat.lock").write_text(content)
    assert embedded.find(tmp_path) is None


def test_rejects_a_home_that_cannot_be_created(machine: Machine) -> None:
    machine.home.write_text("a file")
    for arguments in (["up", "--detach"], ["up"]):
        done = machine.plat(*arguments)
        assert done.returncode == 5
        assert "--home ANOTHER-DIRECTORY" in done.stderr


def test_kills_the_process_after_the_grace_period(tmp_path: Path) -> None:
    program = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1); time.sleep(60)"
    line = [sys.executable, "-uc", program, "plat_gateway"]
    process = subprocess.Popen(line, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    reaper = threading.Thread(target=process.wait)
    reaper.start()
    (tmp_path / "plat.lock").write_text(json.dumps({"pid": process.pid, "url": "http://x"}))
    running = embedded.find(tmp_path)
    assert running is not None
    assert embedded.stop(running, grace=0.2) is True
    reaper.join()
    process.stdout.close()
    # Two threads wait for the process, and either may receive its status.
    assert not psutil.pid_exists(process.pid)


@pytest.mark.slow
def test_dev_redeploys_a_saved_file(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "functions"
    assert machine.plat("init", str(folder / "one"), "--runtime", "python").returncode == 0
    file = folder / "one" / "app.py"
    process = machine.start("dev", str(folder), "--port", str(machine.port))
    lines: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: lines.extend(process.stdout or []))
    reader.start()
    try:
        until(lambda: any("watching" in line for line in lines))
        assert machine.answer("/function/one") == "Hello, world!\n"
        # The watch starts just after the message, so save until the change is seen.
        good = file.read_text().replace("Hello", "Ahoy")

        def responds_with_the_change() -> bool:
            file.write_text(good)
            return machine.answer("/function/one") == "Ahoy, world!\n"

        until(responds_with_the_change)
        file.write_text(good + "\ndef broken(:\n")
        until(lambda: any("SyntaxError" in line for line in lines))
        assert any("app.py:" in line for line in lines)
        assert machine.answer("/function/one") == "Ahoy, world!\n"
        file.write_text(good.replace("Ahoy", "Fixed"))
        until(lambda: machine.answer("/function/one") == "Fixed, world!\n")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.terminate()
        process.wait(60)
        reader.join(60)
        process.stdout.close()
    assert any("stopping" in line for line in lines)
    assert "refused" in machine.answer("/healthz")


@pytest.mark.slow
def test_the_quickstart(machine: Machine, tmp_path: Path) -> None:
    assert machine.plat("up", "--detach").returncode == 0
    hello = tmp_path / "hello"
    assert machine.plat("init", str(hello), "--runtime", "python").returncode == 0
    first = machine.plat("deploy", str(hello))
    assert first.returncode == 0, first.stderr
    assert machine.plat("invoke", "hello", "--path", "/?name=Ada").stdout == "Hello, Ada!\n"
    again = machine.plat("deploy", str(hello))
    assert "nothing to do: hello-1 already runs this source" in again.stderr
    (hello / "app.py").write_text("def handler(request:\n")
    broken = machine.plat("deploy", str(hello))
    assert broken.returncode in (6, 7)
    assert "app.py:1" in broken.stderr
    assert "hello-1 keeps serving" in broken.stderr
    assert machine.plat("invoke", "hello").stdout == "Hello, world!\n"
    assert machine.plat("delete", "hello", "-y").returncode == 0
    assert machine.plat("invoke", "hello").returncode == 3
