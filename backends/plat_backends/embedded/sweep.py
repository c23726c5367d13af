"""Find processes by their mark and end them: what a replica started may have left its session."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
WAIT_SECONDS = 5.0


def marked(name: str, value: str) -> set[int]:
    """Processes of this machine that were started with the variable; never this one."""
    mark = f"{name}={value}".encode()
    return {pid for pid in _pids() if pid != os.getpid() and mark in _variables(pid)}


def kill_marked(name: str, value: str) -> int:
    """Kill them, with what they start meanwhile, and wait until they are gone; how many."""
    killed: set[int] = set()
    deadline = time.monotonic() + WAIT_SECONDS
    while (pids := marked(name, value)) and time.monotonic() < deadline:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        killed |= pids
        time.sleep(0.005)
    return len(killed)


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def _variables(pid: int) -> list[bytes]:
    # a process of somebody else cannot be read; one that is gone, or a zombie, has none
    with suppress(OSError):
        return (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    return []
