"""The slow way to a replica: wait for a slot, wake what sleeps, dial, try elsewhere what fails."""

from __future__ import annotations

import asyncio
from typing import Final

from plat_core.errors import FunctionUnavailable
from plat_core.fix import Fix
from plat_core.services.router import Lease, RouteEntry, Router

from plat_gateway.proxy.pool import Pools, Upstream

_PAUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between rounds of dialling, while the route still names replicas that are gone."""


async def reach(
    router: Router,
    pools: Pools,
    entry: RouteEntry,
    lease: Lease | None,
    *,
    fresh: bool,
    seconds: float,
    size: int,
) -> tuple[Lease, Upstream]:
    """A slot and a connection, within `seconds` of waiting; `lease` is a slot already held.

    `fresh`: no kept connection will do. `size` is how many bytes of a body are held meanwhile.
    Whatever it raises, it holds no slot then: what `Router.wait` raises, or FunctionUnavailable
    where no replica takes a connection.
    """
    deadline = router.clock() + seconds
    for pause in _PAUSES:
        tried: set[str] = set()
        next_lease: Lease | None = lease or await _wait(router, entry, deadline, size)
        lease = None
        while next_lease is not None:
            upstream = await _connect(pools, next_lease, fresh=fresh)
            if upstream is not None:
                return next_lease, upstream
            tried.add(next_lease.endpoint.replica)
            next_lease = router.lease(entry, tried)
        await asyncio.sleep(pause)
    raise FunctionUnavailable(
        f"No replica of the function {entry.route.ref} takes a connection.",
        fix=Fix("describe-function", {"name": entry.route.ref.name}),
        retry_after=1.0,
    )


async def _connect(pools: Pools, lease: Lease, *, fresh: bool) -> Upstream | None:
    """A connection to the replica; where there is none, the slot is given back."""
    pool = pools.of(lease.endpoint.address)
    try:
        upstream = (None if fresh else pool.take()) or await pool.dial()
    except OSError:
        lease.release()
        return None
    except asyncio.CancelledError:
        lease.release()
        raise
    if upstream.transport.is_closing():
        # it was taken and closed in the same moment
        lease.release()
        return None
    return upstream


async def _wait(router: Router, entry: RouteEntry, deadline: float, size: int) -> Lease:
    future = router.wait(entry, deadline, size)
    try:
        return await future
    except asyncio.CancelledError:
        # granted and cancelled in the same moment
        if future.done() and not future.cancelled() and future.exception() is None:
            future.result().release()
        raise
