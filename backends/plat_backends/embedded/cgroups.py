"""Control groups: limits on memory, CPU and processes, if this machine permits them.

Version 2 (https://docs.kernel.org/admin-guide/cgroup-v2.html) if the unified tree has the
controllers, otherwise version 1 (admin-guide/cgroup-v1). The group of a replica is
`plat/<instance>/<token>` at the top of the mounted tree.
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
class CgroupLimits:
    """Limits of one replica: bytes, cores, and processes including their threads."""

    memory: int | None = None
    cpu: float | None = None
    processes: int = PROCESSES


@dataclass(frozen=True, slots=True)
class Cgroup:
    """The group of one replica: a directory for each controller (one for all in version 2)."""

    directories: Mapping[str, Path]

    @property
    def files(self) -> list[Path]:
        """Files to which a process writes its pid to enter the group."""
        return [path / "cgroup.procs" for path in dict.fromkeys(self.directories.values())]

    def pids(self) -> set[int]:
        """Return the pids in the group."""
        found: set[int] = set()
        for file in self.files:
            with suppress(OSError):
                found.update(map(int, file.read_text().split()))
        return found

    def kill(self) -> None:
        """Kill all processes in the group, including those forked meanwhile."""
        for _ in range(TRIES):
            pids = self.pids()
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not pids:
                return
            time.sleep(0.005)
        LOG.warning("processes of %s survive SIGKILL", self.files[0].parent)

    def oom_kills(self) -> int:
        """Return how many of its processes the kernel killed for lack of memory."""
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
    """The groups of one platform; without directories if none are permitted."""

    parents: Mapping[str, Path]
    unified: bool = False

    @property
    def limits_memory(self) -> bool:
        """Whether the kernel enforces memory limits."""
        return "memory" in self.parents

    def create(self, token: str, limits: CgroupLimits) -> Cgroup | None:
        """Create a replica's group, or return None if none is permitted; raises OSError."""
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
        """Yield the groups of replicas of an earlier process of the platform."""
        entries = [entry for parent in self.parents.values() for entry in parent.iterdir()]
        for token in {entry.name for entry in entries if entry.is_dir()}:
            yield self.group(token)

    def group(self, token: str) -> Cgroup:
        """Return the group of a replica, which need not exist."""
        return Cgroup({name: parent / token for name, parent in self.parents.items()})

    def remove(self) -> None:
        """Remove the empty groups of the platform."""
        for parent in dict.fromkeys(self.parents.values()):
            with suppress(OSError):
                parent.rmdir()


def _settings(limits: CgroupLimits, unified: bool) -> Iterator[tuple[str, str, str]]:
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


def detect_cgroups(instance: str, mounts: Path = Path("/proc/self/mounts")) -> Cgroups:
    """Find and prepare the controllers that this machine permits, possibly none."""
    trees = dict(_trees(mounts))
    unified = trees.pop("", None)
    if unified is not None:
        parents = _version_2(unified, instance)
        if parents:
            return Cgroups(parents, unified=True)
    return Cgroups(_version_1(trees, instance))


def _trees(mounts: Path) -> Iterator[tuple[str, Path]]:
    """Yield each controller and its mount point; the unified tree has the name ''."""
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
