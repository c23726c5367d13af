"""Removing a replica's container after its calls in flight are finished and its logs are saved."""

from __future__ import annotations

import asyncio
import contextlib

from plat_backends.docker import container_creation, spec
from plat_backends.docker.context import ReplicaContext
from plat_backends.docker.engine import ContainerState

POLL_SECONDS = 0.5
"""Time between two checks of a stopping container, in case its `die` event is lost."""


async def stop_container(
    name: spec.ReplicaName,
    context: ReplicaContext,
    wake: asyncio.Event,
    *,
    served: bool,
    drain: bool,
) -> None:
    """Stop and remove the container; raises Unavailable and DockerRejected.

    `served`: calls may be in flight. `drain`: requests may still arrive. `wake` is set after each
    event of the container.
    """
    if served and drain:
        await asyncio.sleep(context.timing.drain)
    seen = await context.engine.inspect(name.container, context.policy.network)
    if seen is not None:
        # a frozen process would not receive SIGTERM
        await context.engine.unpause(seen.id)
        if served:
            await _terminate(seen, context, wake)
        await context.archive.save(name, seen.id)
    await container_creation.remove_container(name, context.engine)


async def _terminate(seen: ContainerState, context: ReplicaContext, wake: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seen.stop_timeout):
            await context.engine.kill(seen.id, "SIGTERM")
            await _wait_exited(seen.id, context, wake)


async def _wait_exited(container: str, context: ReplicaContext, wake: asyncio.Event) -> None:
    while True:
        wake.clear()
        seen = await context.engine.inspect(container, context.policy.network)
        if seen is None or seen.status not in ("running", "paused"):
            return
        await wait_woken(wake, POLL_SECONDS)


async def wait_woken(wake: asyncio.Event, seconds: float) -> None:
    """Wait until `wake` is set, for at most `seconds`."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()
