"""Starts, finds and stops the process of the embedded platform.

The process checks its port, lock and directory itself. This module shows its errors.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from plat_core.errors import PlatError, Unavailable

from plat_cli.advice import port_free, port_holder
from plat_cli.client import Client
from plat_cli.errors import Unreachable

MODULE = "plat_gateway"
LOCK = "plat.lock"
LOG = "plat.log"
LOG_TAIL = 4096
START_ERROR = "plat cannot start: "
"""Prefix of the error that the process prints before it exits. A line with the fix follows."""
START_TIMEOUT = 60.0
STOP_TIMEOUT = 45.0
"""Longer than the 30 s for which a gateway drains calls."""
CLOCK_SLACK = 5.0


@dataclass(frozen=True, slots=True)
class RunningPlatform:
    """A running embedded platform."""

    pid: int
    url: str
    started: float


def command_line() -> list[str]:
    """Return the command that starts a platform; -P keeps the current folder off sys.path."""
    return [sys.executable, "-P", "-m", MODULE]


def find(home: Path) -> RunningPlatform | None:
    """Return the platform that holds the lock of a directory, or None.

    The lock file may be stale, so the process is checked too.
    """
    try:
        stored = json.loads((home / LOCK).read_bytes()[:4096])
        pid, url = int(stored["pid"]), str(stored["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    started = _started_at(pid, str(home / LOCK))
    return None if started is None else RunningPlatform(pid, url, started)


def ready(url: str) -> bool:
    """Return whether the platform at a URL is ready."""
    client = Client(url, timeout=5)
    try:
        return client.send("GET", "/readyz").status == 200
    except Unreachable:
        return False
    finally:
        client.close()


def start(
    home: Path,
    host: str,
    port: int,
    environment: Mapping[str, str],
    on_progress: Callable[[str], None],
) -> RunningPlatform:
    """Start a platform in the background and wait until it is ready.

    Raises Unavailable with its output if it exits or is not ready after a minute.
    """
    log = open_log(home)
    with log:
        begin = log.tell()
        process = subprocess.Popen(
            command_line(),
            env=dict(environment),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise start_error(home, host, port, begin)
        running = find(home)
        if running and running.pid == process.pid and ready(running.url):
            return running
        on_progress("waiting for /readyz" if running else "starting")
        time.sleep(0.05)
    process.terminate()
    raise Unavailable(
        f"the platform was not ready after {START_TIMEOUT:g} s: {log_tail(home, begin)}",
        fix=f"less {home / LOG}",
    )


def stop(running: RunningPlatform, grace: float = STOP_TIMEOUT) -> bool:
    """Stop a platform and return whether it had to be killed after `grace` seconds."""
    os.kill(running.pid, signal.SIGTERM)
    if _wait_for_exit(running.pid, grace):
        return False
    os.kill(running.pid, signal.SIGKILL)
    _wait_for_exit(running.pid, 10)
    return True


def start_error(home: Path, host: str, port: int, begin: int) -> PlatError:
    """Return the error of a failed start, with the output of the process."""
    output = log_tail(home, begin) or "it exited without output"
    _, found, message = output.rpartition(START_ERROR)
    why, _, fix = message.partition("\n  ") if found else (f"\n{output}", "", "")
    fix = fix.strip() or f"less {home / LOG}"
    if "in use" in why and not port_free(host, port):
        holder = port_holder(port) or "another process"
        fix = f"{holder} uses port {port}; stop it, or: plat up --port {port + 10}"
    return Unavailable(f"the platform did not start: {why}", fix=fix)


def open_log(home: Path):  # type: ignore[no-untyped-def]
    """Open the log file to append. Raises Unavailable if the directory is not writable."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return (home / LOG).open("ab")
    except OSError as error:
        raise Unavailable(
            f"{home} cannot be written: {error.strerror}",
            fix="plat up --home ANOTHER-DIRECTORY\nor export PLAT_HOME=…",
        ) from error


def log_tail(home: Path, begin: int = 0) -> str:
    """Return the end of the log since a position."""
    with (home / LOG).open("rb") as stream:
        end = stream.seek(0, os.SEEK_END)
        stream.seek(max(begin, end - LOG_TAIL))
        return stream.read().decode("utf-8", "replace").strip()


def _started_at(pid: int, lock: str) -> float | None:
    """Return the start time of a process if it is the platform that wrote the lock.

    A process that is younger than the lock reuses the pid of a stopped platform.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        created = process.create_time()
        ours = MODULE in " ".join(process.cmdline())
        written = Path(lock).stat().st_mtime
    except (psutil.Error, OSError):
        return None
    alive = process.status() != psutil.STATUS_ZOMBIE
    return created if ours and alive and created <= written + CLOCK_SLACK else None


def _wait_for_exit(pid: int, timeout: float) -> bool:
    import psutil

    try:
        psutil.Process(pid).wait(timeout)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True
