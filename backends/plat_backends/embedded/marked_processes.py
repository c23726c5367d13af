"""Finding and killing processes by a variable of their environment.

A process that a replica started may have left its session and its process group.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
WAIT_SECONDS = 5.0


def find_marked(name: str, value: str) -> set[int]:
    """Return the processes that were started with the variable, except this one."""
    mark = f"{name}={value}".encode()
    return {pid for pid in _pids() if pid != os.getpid() and mark in _variables(pid)}


def kill_marked(name: str, value: str) -> int:
    """Kill all marked processes, including those forked meanwhile, and return their number."""
    killed: set[int] = set()
    deadline = time.monotonic() + WAIT_SECONDS
    while (pids := find_marked(name, value)) and time.monotonic() < deadline:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        killed |= pids
        time.sleep(0.005)
    return len(killed)


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def _variables(pid: int) -> list[bytes]:
    # the environment of another user's process cannot be read, that of a zombie is empty
    with suppress(OSError):
        return (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    return []
