"""Assembly of asynchronous calls: their database, their limits and the dispatcher."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from plat_core.errors import FunctionNotFound
from plat_core.model.names import FunctionRef
from plat_core.ports import CallStore
from plat_core.services.async_calls import CallPolicy
from plat_core.services.background import background
from plat_core.services.dispatcher import Dispatcher, Exists, capacity_of
from plat_core.services.functions import Functions

from plat_gateway.proxy.in_process_client import InProcessClient
from plat_gateway.proxy.proxy import FunctionProxy
from plat_gateway.services import Services
from plat_gateway.settings import GatewaySettings
from plat_gateway.wiring.parts import CallQueue


def create_queue(
    store: CallStore, settings: GatewaySettings, *, alone: bool, exists: Exists | None = None
) -> CallQueue:
    """Return the queue over `store` with the limits of the settings."""
    policy = CallPolicy(
        queue=settings.async_queue,
        queue_bytes=settings.async_queue_bytes,
        attempts=settings.async_attempts,
        max_concurrency=settings.async_at_once,
        retention=settings.async_retention,
    )
    return CallQueue(
        store,
        alone=alone,
        policy=policy,
        max_body_bytes=settings.async_body_limit,
        max_result_bytes=settings.async_result_limit,
        exists=exists,
    )


def open_queue(
    url: str, settings: GatewaySettings, stack: AsyncExitStack, exists: Exists | None = None
) -> CallQueue:
    """Return the queue in the database at `url`, which is opened on first use.

    `stack` closes it. Raises InvalidInput for an unsupported database.
    """
    # Imported here, because a gateway without a database does without SQLAlchemy.
    from plat_backends.sql import DeferredDatabase, SqlCallStore

    database = DeferredDatabase(url)
    stack.push_async_callback(database.close)
    alone = url.startswith("sqlite")
    return create_queue(SqlCallStore(database), settings, alone=alone, exists=exists)


@asynccontextmanager
async def dispatch_calls(
    queue: CallQueue,
    proxy: FunctionProxy,
    services: Services,
    *,
    grace: float,
) -> AsyncIterator[None]:
    """Send the calls of `queue` during the block; on exit, calls in flight finish."""
    calls = services.calls
    assert calls is not None  # noqa: S101 - created over the same store

    def capacity(ref: FunctionRef, sent: int) -> int | None:
        entry = proxy.router.lookup(ref.segment)
        return None if entry is None else capacity_of(entry, sent)

    dispatcher = Dispatcher(
        queue.store,
        calls,
        send=InProcessClient(proxy, max_response_bytes=queue.max_result_bytes).send,
        capacity=capacity,
        exists=queue.exists or partial(_is_stored, services.functions),
        policy=queue.policy,
        alone=queue.alone,
    )

    async def send() -> None:
        await dispatcher.run()
        await asyncio.Event().wait()

    async def stop() -> None:
        await services.closing.wait()
        await dispatcher.close(grace)
        await asyncio.Event().wait()

    async with background(send(), stop()):
        try:
            yield
        finally:
            # `stop` may have begun this; both then share one grace period.
            await dispatcher.close(grace)
            proxy.pools.close()


async def _is_stored(functions: Functions, ref: FunctionRef) -> bool:
    try:
        await functions.record(ref)
    except FunctionNotFound:
        return False
    return True
