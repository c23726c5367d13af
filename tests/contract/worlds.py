"""One world per backend: what the suite needs besides the port."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import httpx
from plat_backends.docker import ContainerPolicy, DockerLogs, DockerWorkloads, Engine
from plat_backends.embedded import EmbeddedLogs, EmbeddedWorkloads
from plat_backends.kubernetes import KubernetesLogs
from plat_backends.memory import (
    CrashingWorkloads,
    MemoryLogs,
    MemorySecretStore,
    MemoryWorkloads,
    NeverReadyWorkloads,
    SlowWorkloads,
)
from plat_backends.replica.timing import ReplicaTiming
from plat_core.ports import Failure, Replica, Revision, Workloads

from ..backends.embedded_home import Home
from .samples import REF, revision

QUICK = ReplicaTiming(start=30, probe=0.2, grace=5, backoff=0.05, max_backoff=0.2, settled=0.3)


class World(Protocol):
    """One backend whose functions behave in one way: good, crash, slow (to start)."""

    workloads: Workloads
    logs: EmbeddedLogs | MemoryLogs | DockerLogs | KubernetesLogs

    def revision(self, number: int) -> Revision: ...

    async def crash(self, replica: Replica) -> None:
        """Make a ready replica exit."""
        ...

    async def settle(self) -> None:
        """Wait until restarts are reset: ten seconds, or less in a test backend."""
        ...

    async def calm(self) -> None:
        """Wait until no more notifications of a change follow."""
        ...

    async def close(self) -> None: ...


class MemoryWorld:
    def __init__(self, behaviour: str, _home: Path) -> None:
        kinds: dict[str, type[MemoryWorkloads]] = {
            "good": MemoryWorkloads,
            "crash": CrashingWorkloads,
            "slow": SlowWorkloads,
            "never": NeverReadyWorkloads,
        }
        self.time = 1000.0
        self.logs = MemoryLogs()
        self.workloads = kinds[behaviour](now=lambda: self.time, logs=self.logs)

    def revision(self, number: int) -> Revision:
        return revision(number)

    async def crash(self, replica: Replica) -> None:
        self.workloads.become(REF, replica.id, "waiting", Failure("Exited", "crashed by the test"))
        self.workloads.become(REF, replica.id, "ready")

    async def settle(self) -> None:
        self.time += 11

    async def calm(self) -> None: ...

    async def close(self) -> None:
        await self.workloads.close()


class EmbeddedWorld:
    workloads: EmbeddedWorkloads

    def __init__(self, behaviour: str, home: Path) -> None:
        self.home = Home(home)
        self.mode = {"slow": "never"}.get(behaviour, behaviour)
        self.timing = QUICK if behaviour != "never" else ReplicaTiming(start=0.2, backoff=30)

    async def open(self) -> None:
        self.logs = EmbeddedLogs(self.home.path / "logs")
        self.workloads = await EmbeddedWorkloads.open(
            self.home.path, secrets=MemorySecretStore(), logs=self.logs, timing=self.timing
        )

    def revision(self, number: int) -> Revision:
        return self.home.revision(number, mode=self.mode)

    async def crash(self, replica: Replica) -> None:
        await self.home.call(replica, "/exit/3", answered=False)

    async def settle(self) -> None:
        await asyncio.sleep(self.timing.settled)

    async def calm(self) -> None: ...

    async def close(self) -> None:
        await self.workloads.close()
        await self.logs.close()


class DockerWorld:
    """Containers of the test image."""

    workloads: DockerWorkloads

    def __init__(self, behaviour: str, image: str, instance: str) -> None:
        mode = {"slow": "never-ready", "never": "never-ready"}.get(behaviour, behaviour)
        self.env = [{"name": "MODE", "value": mode}]
        self.image = image
        self.policy = ContainerPolicy(instance=instance, network=instance)
        self.timing = ReplicaTiming(
            start=0.5 if behaviour == "never" else 30,
            probe=0.3,
            drain=0.05,
            backoff=0.05,
            max_backoff=0.2 if behaviour != "never" else 30,
            settled=0.3,
        )

    async def open(self) -> None:
        self.engine = await Engine.connect()
        self.workloads = await DockerWorkloads.open(
            self.engine, secrets=MemorySecretStore(), policy=self.policy, timing=self.timing
        )
        self.logs = self.workloads.logs

    def revision(self, number: int) -> Revision:
        made = revision(number, image=self.image, env=self.env, timeout="1s")
        return replace(made, image=self.image)

    async def crash(self, replica: Replica) -> None:
        assert replica.endpoint is not None
        host = replica.endpoint.address.removeprefix("tcp:")
        with suppress(httpx.HTTPError):
            async with httpx.AsyncClient(trust_env=False) as http:
                await http.get(f"http://{host}/exit?3")

    async def settle(self) -> None:
        await asyncio.sleep(self.timing.settled)

    async def calm(self) -> None: ...

    async def close(self) -> None:
        await self.workloads.close()
        await self.engine.close()


async def open_world(backend: str, behaviour: str, home: Path) -> World:
    if backend == "memory":
        return MemoryWorld(behaviour, home)
    world = EmbeddedWorld(behaviour, home)
    await world.open()
    return world


async def until(
    workloads: Workloads, holds: Callable[[Sequence[Replica]], bool], ref: object = REF
) -> Sequence[Replica]:
    """Wait until the observed replicas match, woken by `watch` only."""
    watch = workloads.watch()
    async with asyncio.timeout(60):
        while not holds(seen := await workloads.observe(ref)):  # type: ignore[arg-type]
            await anext(watch)
    return seen


def alive(pid: int) -> bool:
    """Return whether the process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


async def until_dead(*pids: int) -> None:
    async with asyncio.timeout(30):
        while any(map(alive, pids)):  # noqa: ASYNC110 (not our children)
            await asyncio.sleep(0.02)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
