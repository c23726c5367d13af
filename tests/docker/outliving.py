"""`python -m tests.docker.outliving IMAGE INSTANCE`: a backend with two replicas, until stdin ends.

It runs in the network of a private daemon and prints a line of JSON for each change: the states of
the replicas, their failures, and the responses of ready ones. A line on stdin requests one more.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence

import httpx
from plat_backends.docker import ContainerPolicy, DockerWorkloads, Engine
from plat_backends.memory import MemorySecretStore
from plat_core.ports import Replica, Workload

from .conftest import QUICK, REF, call
from .revisions import revision

COUNT = 2


async def main(image: str, instance: str) -> None:
    engine = await Engine.connect()
    policy = ContainerPolicy(instance=instance, network=instance)
    workloads = await DockerWorkloads.open(
        engine, secrets=MemorySecretStore(), policy=policy, timing=QUICK
    )
    await workloads.apply(Workload(REF, {1: COUNT}, {1: revision(image)}))
    telling = asyncio.create_task(_tell(workloads))
    while await asyncio.to_thread(sys.stdin.readline):
        await _say(workloads)
    telling.cancel()
    await workloads.close()
    await engine.close()


async def _tell(workloads: DockerWorkloads) -> None:
    changes = workloads.watch()
    while True:
        await _say(workloads)
        await anext(changes)


async def _say(workloads: DockerWorkloads) -> None:
    seen = await workloads.observe(REF)
    output = {
        "states": sorted(replica.state for replica in seen),
        "reasons": sorted({r.failure.reason for r in seen if r.failure}),
        "answers": await _answers(seen),
    }
    sys.stdout.write(json.dumps(output) + "\n")
    sys.stdout.flush()


async def _answers(seen: Sequence[Replica]) -> list[int]:
    found = []
    for replica in seen:
        if replica.endpoint is not None:
            try:
                found.append((await call(replica, "/")).status_code)
            except httpx.TransportError:
                continue  # it fell meanwhile, which the next line tells
    return found


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
