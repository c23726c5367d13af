"""How a replica's container goes: calls in flight finish, its lines are kept, and it is removed."""

from __future__ import annotations

import asyncio
import contextlib

from plat_backends.docker import creation, spec
from plat_backends.docker.engine import Container
from plat_backends.docker.surroundings import Surroundings

PERIOD = 0.5
"""Seconds between two looks at a container that is to end, where no event tells of its end."""


async def stop(
    name: spec.ReplicaName, around: Surroundings, wake: asyncio.Event, *, served: bool
) -> None:
    """Stop and remove it; `served` says whether calls may be in flight, or on their way.

    `wake` is set whenever something happened to the container. Raises Unavailable, Refused.
    """
    if served:
        await asyncio.sleep(around.timing.drain)
    seen = await around.engine.inspect(name.container, around.policy.network)
    if seen is not None:
        await around.engine.unpause(seen.id)
        if served:
            await _finish(seen, around, wake)
        await around.archive.keep(name, seen.id)
    await creation.remove(name, around.engine)


async def _finish(seen: Container, around: Surroundings, wake: asyncio.Event) -> None:
    """SIGTERM, then up to its timeout to finish calls."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seen.stop_timeout):
            await around.engine.kill(seen.id, "SIGTERM")
            await _exited(seen.id, around, wake)


async def _exited(container: str, around: Surroundings, wake: asyncio.Event) -> None:
    while True:
        wake.clear()
        seen = await around.engine.inspect(container, around.policy.network)
        if seen is None or seen.status not in ("running", "paused"):
            return
        await rest(wake, PERIOD)


async def rest(wake: asyncio.Event, seconds: float) -> None:
    """Wait until something happened to the container, but no longer than this."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()
