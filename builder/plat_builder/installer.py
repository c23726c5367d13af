"""Run one installer: stream its output, enforce its limits, and clean up after it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from plat_core.errors import BuildFailed
from plat_core.model.build import LogLine

from plat_builder.process import SandboxCommand, SandboxProcess, base_python
from plat_builder.settings import MIB, BuildSettings

DYING = 2.0
"""Seconds until a killed process has ended."""


@dataclass(frozen=True, slots=True)
class InstallerCommand:
    """A program that installs, all that it gets to see, and what its failure means.

    `explain` is given the end of the output and the exit status.
    """

    program: Sequence[str]
    environment: Mapping[str, str]
    explain: Callable[[Sequence[str], int], BuildFailed]


async def run_installer(
    tool: InstallerCommand,
    site: Path,
    settings: BuildSettings,
    *,
    slot: Path,
    cache: Path,
    deadline: float,
) -> AsyncGenerator[LogLine, None]:
    """Run `tool`, which fills the folder `site` inside the staging folder `slot`.

    `deadline` is a time of `time.monotonic`. Raises BuildFailed with the guilty line.
    """
    command = SandboxCommand(
        program=tool.program,
        environment=tool.environment,
        folder=slot,
        python=base_python(),
        deadline=deadline,
        file_size=settings.disk,
        memory=settings.memory,
        mark=slot.name,
    )
    room = DiskWatch(site, cache, settings)
    try:
        async with SandboxProcess(command, room.check) as run, aclosing(run.lines()) as lines:
            async for line in lines:
                yield LogLine(text=line)
        if run.code != 0:
            # one that finds the disk full ends by itself, and leaves as much as one that is killed
            raise tool.explain(run.tail, run.code or 0)
        await room.check(last=True)
    except BuildFailed:
        await asyncio.to_thread(clear_temporary, cache)
        raise


def clear_temporary(cache: Path) -> None:
    """Remove the temporary files of a killed installer, unless another installer runs.

    Whoever uses uv's cache holds its lock, shared; so whoever gets it alone is the only one. One
    that was just killed holds it until the kernel is done with it.
    """
    try:
        lock = (cache / ".lock").open("rb")
    except OSError:
        return
    with lock:
        if not _locked(lock.fileno()):
            return
        for left in cache.glob(".tmp*"):
            shutil.rmtree(left, ignore_errors=True)


def _locked(file: int) -> bool:
    """Whether the file is locked for us alone, within a second or two."""
    end = time.monotonic() + DYING
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        else:
            return True


class DiskWatch:
    """Watches the disk usage of an installation, and the free space that remains."""

    def __init__(self, site: Path, cache: Path, settings: BuildSettings) -> None:
        self._site, self._cache = site, cache
        self._limit, self._reserve = settings.disk, settings.reserve
        self._next = 0.0

    async def check(self, *, last: bool = False) -> None:
        """Raise BuildFailed beyond a limit. The slower a check is, the fewer are made."""
        began = time.monotonic()
        if began < self._next and not last:
            return
        await asyncio.to_thread(self._check)
        self._next = time.monotonic() + 5 * (time.monotonic() - began)

    def _check(self) -> None:
        if folder_size(self._site, self._limit) > self._limit:
            raise too_large(self._limit)
        for place in (self._site, self._cache):
            if place.exists() and shutil.disk_usage(place).free < self._reserve:
                raise BuildFailed(
                    f"the disk is full: less than {self._reserve // MIB} MiB are free",
                    fix="make room, then deploy again",
                    passing=True,
                )


def disk_full() -> BuildFailed:
    """The error of a disk without room for what a build writes."""
    return BuildFailed(
        "the disk is full, nothing was kept", fix="make room, then deploy again", passing=True
    )


def too_large(disk: int) -> BuildFailed:
    """The error of packages that take more than `disk` bytes, all together or in one file."""
    return BuildFailed(
        f"the installed packages are too large: more than {disk // MIB} MiB",
        fix="ask for fewer packages; who runs the platform may raise PLAT_BUILD_DISK",
    )


def folder_size(folder: Path, enough: int) -> int:
    """Bytes in `folder`, counted no further than `enough`; it may change meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(place, name).lstat().st_size
            except FileNotFoundError:
                continue
        if total > enough:
            break
    return total
