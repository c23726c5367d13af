"""The embedded backend on a home directory, with queries for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from plat_backends.embedded import EmbeddedLogs, EmbeddedWorkloads, cgroups
from plat_backends.memory import MemorySecretStore
from plat_backends.replica.timing import ReplicaTiming
from plat_core.ports import LogQuery, Replica, Revision, SecretStore, Workload

from ..contract.worlds import QUICK, until
from .embedded_home import Home

_permitted = cgroups.detect_cgroups("test-detect")
_permitted.remove()
CGROUPS = bool(_permitted.parents)


class Platform:
    """The backend on a home directory."""

    def __init__(self, home: Home, workloads: EmbeddedWorkloads, logs: EmbeddedLogs) -> None:
        self.home = home
        self.workloads = workloads
        self.logs = logs

    async def scale(self, revision: Revision, count: int) -> None:
        workload = Workload(revision.ref, {revision.number: count}, {revision.number: revision})
        await self.workloads.apply(workload)

    async def run(self, revision: Revision) -> Replica:
        """Run one replica of a revision and return it when it is ready."""
        await self.scale(revision, 1)
        return await self.state("ready")

    async def state(self, state: str, *, restarts: int = 0) -> Replica:
        def holds(seen: Any) -> bool:
            return bool(seen) and seen[0].state == state and seen[0].restarts >= restarts

        return (await until(self.workloads, holds, self.home.ref))[0]

    async def wait_removed(self) -> None:
        await until(self.workloads, lambda seen: not seen, self.home.ref)

    async def until_logged(self, text: str) -> None:
        async with asyncio.timeout(60):
            async for record in self.logs.read(self.home.ref, LogQuery(tail=1000, follow=True)):
                if record.text == text:
                    return

    async def lines(self, **query: Any) -> list[tuple[str, str]]:
        records = self.logs.read(self.home.ref, LogQuery(**{"tail": 100_000, **query}))
        return [(r.stream, r.text) async for r in records]


@asynccontextmanager
async def platform(
    home: Home, *, timing: ReplicaTiming = QUICK, secrets: SecretStore | None = None, **options: Any
) -> AsyncIterator[Platform]:
    logs = EmbeddedLogs(home.path / "logs")
    workloads = await EmbeddedWorkloads.open(
        home.path, secrets=secrets or MemorySecretStore(), logs=logs, timing=timing, **options
    )
    try:
        yield Platform(home, workloads, logs)
    finally:
        await workloads.close()
        await logs.close()
