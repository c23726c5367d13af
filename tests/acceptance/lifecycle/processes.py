"""Processes of a platform, from /proc."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from tests.acceptance.platform_client import PATIENCE

PROC = Path("/proc")


def of_replica(replica: str) -> list[int]:
    """Return the processes of a replica, the leader first."""
    found = set(_marked(f"PLAT_REPLICA={replica}"))
    return sorted(found, key=lambda pid: (_parent(pid) in found, pid))


def of_platform(home: Path) -> set[int]:
    """Return all function processes of the platform in `home`."""
    instance = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
    return set(_marked(f"PLAT_INSTANCE={instance}"))


async def ended(pids: set[int]) -> None:
    """Wait until all of them have exited."""
    async with asyncio.timeout(PATIENCE):
        while any(_variables(pid) for pid in pids):
            await asyncio.sleep(0.05)


def _marked(mark: str) -> Iterator[int]:
    pids = (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())
    return (pid for pid in pids if mark.encode() in _variables(pid))


def _variables(pid: int) -> list[bytes]:
    # an exited process or a zombie has none
    try:
        return [part for part in (PROC / str(pid) / "environ").read_bytes().split(b"\0") if part]
    except OSError:
        return []


def _parent(pid: int) -> int:
    try:
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
