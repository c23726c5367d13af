"""The embedded platform as a process: found by its lock file, started, stopped.

The process itself checks port, lock and directory when it starts; this room shows what it says.
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
REFUSAL = "plat cannot start: "
"""How the process begins the sentence that says why it ends; a line with the fix follows."""
START_TIMEOUT = 60.0
STOP_TIMEOUT = 45.0
"""Longer than the 30 s that a gateway gives the calls in flight."""
CLOCK_SLACK = 5.0


@dataclass(frozen=True, slots=True)
class RunningPlatform:
    """A live embedded platform."""

    pid: int
    url: str
    started: float


def command_line() -> list[str]:
    """What starts a platform: this Python, without the current folder in its path."""
    return [sys.executable, "-P", "-m", MODULE]


def find(home: Path) -> RunningPlatform | None:
    """The platform that holds the lock of that directory, if its process is really one."""
    try:
        stored = json.loads((home / LOCK).read_bytes()[:4096])
        pid, url = int(stored["pid"]), str(stored["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    started = _started_at(pid, str(home / LOCK))
    return None if started is None else RunningPlatform(pid, url, started)


def ready(url: str) -> bool:
    """Whether the platform there says that it is ready."""
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
    """Start one that outlives this command; returns when it is ready.

    Raises Unavailable with what it printed, where it ends instead or takes more than a minute.
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
        on_progress("waits for /readyz" if running else "starts")
        time.sleep(0.05)
    process.terminate()
    raise Unavailable(
        f"the platform was not ready after {START_TIMEOUT:g} s: {log_tail(home, begin)}",
        fix=f"less {home / LOG}",
    )


def stop(running: RunningPlatform, grace: float = STOP_TIMEOUT) -> bool:
    """End it gracefully, by force after `grace` seconds; returns whether force was needed."""
    os.kill(running.pid, signal.SIGTERM)
    if _wait_for_exit(running.pid, grace):
        return False
    os.kill(running.pid, signal.SIGKILL)
    _wait_for_exit(running.pid, 10)
    return True


def start_error(home: Path, host: str, port: int, begin: int) -> PlatError:
    """Why a start failed: what the process said, and who holds the port."""
    said = log_tail(home, begin) or "it ended without a word"
    _, known, told = said.rpartition(REFUSAL)
    why, _, fix = told.partition("\n  ") if known else (f"\n{said}", "", "")
    fix = fix.strip() or f"less {home / LOG}"
    if "taken" in why and not port_free(host, port):
        holder = port_holder(port) or "another process"
        fix = f"{holder} holds port {port}; end it, or: plat up --port {port + 10}"
    return Unavailable(f"the platform did not start: {why}", fix=fix)


def open_log(home: Path):  # type: ignore[no-untyped-def]
    """The log file, to append to; raises Unavailable where the directory cannot be written."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return (home / LOG).open("ab")
    except OSError as error:
        raise Unavailable(
            f"{home} cannot be written: {error.strerror}",
            fix="plat up --home ANOTHER-DIRECTORY\nor export PLAT_HOME=…",
        ) from error


def log_tail(home: Path, begin: int = 0) -> str:
    """The end of what the platform printed since that position."""
    with (home / LOG).open("rb") as stream:
        end = stream.seek(0, os.SEEK_END)
        stream.seek(max(begin, end - LOG_TAIL))
        return stream.read().decode("utf-8", "replace").strip()


def _started_at(pid: int, lock: str) -> float | None:
    """When that process began, if it is a platform and older than the lock it wrote."""
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
