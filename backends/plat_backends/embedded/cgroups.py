"""Control groups: limits on memory, CPU and processes, where this machine permits them.

Version 2 (https://docs.kernel.org/admin-guide/cgroup-v2.html) where the unified tree has the
controllers, otherwise version 1 (admin-guide/cgroup-v1). A replica's group is
`plat/<instance>/<token>` at the top of the tree that is mounted here.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LOG = logging.getLogger(__name__)
CONTROLLERS = ("memory", "cpu", "pids")
CPU_PERIOD = 100_000
PROCESSES = 2048
TRIES = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """What one replica may use: bytes, cores, processes with their threads."""

    memory: int | None = None
    cpu: float | None = None
    processes: int = PROCESSES


@dataclass(frozen=True, slots=True)
class Cgroup:
    """The group of one replica: a directory for each controller (one for all in version 2)."""

    directories: Mapping[str, Path]

    @property
    def files(self) -> list[Path]:
        """Where a process writes itself to enter."""
        return [path / "cgroup.procs" for path in dict.fromkeys(self.directories.values())]

    def pids(self) -> set[int]:
        """Who is in it."""
        found: set[int] = set()
        for file in self.files:
            with suppress(OSError):
                found.update(map(int, file.read_text().split()))
        return found

    def kill(self) -> None:
        """Kill everything in it, even what forks meanwhile."""
        for _ in range(TRIES):
            pids = self.pids()
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not pids:
                return
            time.sleep(0.005)
        LOG.warning("processes of %s do not end", self.files[0].parent)

    def oom_kills(self) -> int:
        """How often the kernel killed one of its processes for want of memory."""
        path = self.directories.get("memory")
        if path is None:
            return 0
        for name in ("memory.events", "memory.oom_control"):
            with suppress(OSError):
                words = (path / name).read_text().split()
                return int(words[words.index("oom_kill") + 1]) if "oom_kill" in words else 0
        return 0

    def remove(self) -> None:
        """Remove the empty group; a second call is a no-op."""
        for path in dict.fromkeys(self.directories.values()):
            for _ in range(TRIES):
                try:
                    path.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.005)
                else:
                    break


@dataclass(frozen=True, slots=True)
class Cgroups:
    """The groups of one platform; no directory where none is permitted."""

    parents: Mapping[str, Path]
    unified: bool = False

    @property
    def limits_memory(self) -> bool:
        """Whether a memory limit can be kept by the kernel."""
        return "memory" in self.parents

    def create(self, token: str, limits: Limits) -> Cgroup | None:
        """Make a replica's group; None where none is permitted. Raises OSError."""
        if not self.parents:
            return None
        group = self.group(token)
        for path in group.directories.values():
            path.mkdir(exist_ok=True)
        for name, file, value in _settings(limits, self.unified):
            if name in group.directories:
                _set(group.directories[name] / file, value)
        return group

    def leftovers(self) -> Iterator[Cgroup]:
        """The groups of an earlier life."""
        entries = [entry for parent in self.parents.values() for entry in parent.iterdir()]
        for token in {entry.name for entry in entries if entry.is_dir()}:
            yield self.group(token)

    def group(self, token: str) -> Cgroup:
        """The group of a replica, whether or not it is there."""
        return Cgroup({name: parent / token for name, parent in self.parents.items()})

    def remove(self) -> None:
        """Remove the platform's own, empty groups."""
        for parent in dict.fromkeys(self.parents.values()):
            with suppress(OSError):
                parent.rmdir()


def _settings(limits: Limits, unified: bool) -> Iterator[tuple[str, str, str]]:
    yield "pids", "pids.max", str(limits.processes)
    if limits.memory is not None:
        yield "memory", "memory.max" if unified else "memory.limit_in_bytes", str(limits.memory)
        swap = ("memory.swap.max", "0") if unified else ("memory.swappiness", "0")
        yield "memory", *swap
    if limits.cpu is not None:
        quota = max(1000, int(limits.cpu * CPU_PERIOD))
        if unified:
            yield "cpu", "cpu.max", f"{quota} {CPU_PERIOD}"
        else:
            yield "cpu", "cpu.cfs_quota_us", str(quota)
    if unified:
        yield "memory", "memory.oom.group", "1"


def _set(file: Path, value: str) -> None:
    # a kernel built without a feature (swap accounting, CFS bandwidth) has no file for it
    if file.exists():
        file.write_text(value)


def detect(instance: str, mounts: Path = Path("/proc/self/mounts")) -> Cgroups:
    """Find and prepare what is permitted here; an empty answer is no error."""
    trees = dict(_trees(mounts))
    unified = trees.pop("", None)
    if unified is not None:
        parents = _version_2(unified, instance)
        if parents:
            return Cgroups(parents, unified=True)
    return Cgroups(_version_1(trees, instance))


def _trees(mounts: Path) -> Iterator[tuple[str, Path]]:
    """Where each controller is mounted; the unified tree has the name ''."""
    with suppress(OSError):
        for line in mounts.read_text().splitlines():
            _, where, kind, options, *_ = line.split()
            if kind == "cgroup2":
                yield "", Path(where)
            elif kind == "cgroup":
                for name in set(options.split(",")) & set(CONTROLLERS):
                    yield name, Path(where)


def _version_2(tree: Path, instance: str) -> dict[str, Path]:
    parent = tree / "plat" / instance
    try:
        usable = [c for c in CONTROLLERS if c in (tree / "cgroup.controllers").read_text().split()]
        if not usable:
            return {}
        parent.mkdir(parents=True, exist_ok=True)
        for path in (tree, parent.parent, parent):
            (path / "cgroup.subtree_control").write_text(" ".join(f"+{c}" for c in usable))
    except OSError as error:
        LOG.info("no control groups: %s", error)
        return {}
    return dict.fromkeys(usable, parent)


def _version_1(trees: Mapping[str, Path], instance: str) -> dict[str, Path]:
    parents = {}
    for name, tree in trees.items():
        parent = tree / "plat" / instance
        try:
            parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            LOG.info("no control group for %s: %s", name, error)
            continue
        if os.access(parent, os.W_OK):
            parents[name] = parent
    return parents
