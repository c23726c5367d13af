"""Acquire a connection to a replica that has a free slot."""

from __future__ import annotations

import asyncio
from typing import Final

from plat_core.errors import FunctionUnavailable
from plat_core.fix import Fix
from plat_core.services.router import Lease, RouteEntry, Router

from plat_gateway.proxy.connection_pool import ConnectionPools, UpstreamConnection

_PAUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between rounds of connecting, while the route still lists removed replicas."""


async def acquire_upstream(
    router: Router,
    pools: ConnectionPools,
    entry: RouteEntry,
    lease: Lease | None,
    *,
    new_connection: bool,
    max_wait: float,
    held_bytes: int,
) -> tuple[Lease, UpstreamConnection]:
    """Return a slot and a connection; wait for a free slot at most `max_wait` seconds.

    The function is started if it has no replica, and each replica is tried. `lease` is a slot that
    the call already holds. `new_connection` excludes idle connections. `held_bytes` is the memory
    that the waiting call occupies.

    Raises the errors of `Router.wait`, or FunctionUnavailable if no replica accepts a connection.
    No slot is held after an error.
    """
    deadline = router.clock() + max_wait
    for pause in _PAUSES:
        tried: set[str] = set()
        next_lease: Lease | None = lease or await _wait(router, entry, deadline, held_bytes)
        lease = None
        while next_lease is not None:
            upstream = await _connect(pools, next_lease, new_connection=new_connection)
            if upstream is not None:
                return next_lease, upstream
            tried.add(next_lease.endpoint.replica)
            next_lease = router.lease(entry, tried)
        await asyncio.sleep(pause)
    raise FunctionUnavailable(
        f"No replica of the function {entry.route.ref} accepts a connection.",
        fix=Fix("describe-function", {"name": entry.route.ref.name}),
        retry_after=1.0,
    )


async def _connect(
    pools: ConnectionPools, lease: Lease, *, new_connection: bool
) -> UpstreamConnection | None:
    """Return a connection to the replica, or release the slot and return None."""
    pool = pools.of(lease.endpoint.address)
    try:
        upstream = (None if new_connection else pool.acquire()) or await pool.connect()
    except OSError:
        lease.release()
        return None
    except asyncio.CancelledError:
        lease.release()
        raise
    if upstream.transport.is_closing():
        # the replica accepted the connection and closed it at once
        lease.release()
        return None
    return upstream


async def _wait(router: Router, entry: RouteEntry, deadline: float, held_bytes: int) -> Lease:
    future = router.wait(entry, deadline, held_bytes)
    try:
        return await future
    except asyncio.CancelledError:
        # the slot may have been granted before the cancellation arrived
        if future.done() and not future.cancelled() and future.exception() is None:
            future.result().release()
        raise
