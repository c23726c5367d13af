"""Asynchronous calls, put together in the same way before every backend."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from plat_core.errors import FunctionNotFound
from plat_core.model.names import FunctionRef
from plat_core.ports import CallStore
from plat_core.services.async_calls import AsyncCalls, CallPolicy
from plat_core.services.background import background
from plat_core.services.dispatcher import Dispatcher, Exists, capacity_of

from plat_gateway.proxy.async_queue import AsyncCallQueue
from plat_gateway.proxy.in_process_client import InProcessClient
from plat_gateway.proxy.proxy import FunctionProxy
from plat_gateway.services import Services
from plat_gateway.settings import GatewaySettings
from plat_gateway.wiring.parts import GRACE


def policy_of(settings: GatewaySettings) -> CallPolicy:
    """The bounds that the operator may set."""
    return CallPolicy(
        queue=settings.async_queue,
        queue_bytes=settings.async_queue_bytes,
        attempts=settings.async_attempts,
        max_concurrency=settings.async_at_once,
        retention=settings.async_retention,
    )


@dataclass(frozen=True, slots=True)
class Queue:
    """Where asynchronous calls are kept; `alone`: no other gateway uses it."""

    store: CallStore
    calls: AsyncCalls
    alone: bool


def queue_at(url: str, settings: GatewaySettings, stack: AsyncExitStack) -> Queue:
    """The queue in the database of that URL, which may be away for the time being.

    It is closed with `stack`. Raises InvalidInput for a URL of no known database.
    """
    # imported here: a gateway without a database does without its client
    from plat_backends.sql import DeferredDatabase, SqlCallStore

    database = DeferredDatabase(url)
    stack.push_async_callback(database.close)
    store = SqlCallStore(database)
    calls = AsyncCalls(store, policy=policy_of(settings))
    return Queue(store, calls, alone=url.startswith("sqlite"))


def intake_of(
    proxy: FunctionProxy, calls: AsyncCalls | None, settings: GatewaySettings
) -> AsyncCallQueue:
    """The door for asynchronous calls; without `calls` it says what is missing."""
    accept = None if calls is None else calls.accept
    return AsyncCallQueue(proxy, accept, max_body_bytes=settings.async_body_limit)


@asynccontextmanager
async def dispatching(
    store: CallStore,
    proxy: FunctionProxy,
    services: Services,
    settings: GatewaySettings,
    *,
    alone: bool,
    exists: Exists | None = None,
) -> AsyncIterator[None]:
    """Send the calls of `store` beside the body; at its end, what is under way is finished.

    `alone`: no other gateway uses the store. `exists`: whether there is a function, for certain;
    without it the store of functions is asked, which may not answer from what it remembers.
    """
    calls = services.calls
    assert calls is not None  # noqa: S101 - it is made over the same store

    def room(ref: FunctionRef, sent: int) -> int | None:
        entry = proxy.router.lookup(ref.segment)
        return None if entry is None else capacity_of(entry, sent)

    async def is_stored(ref: FunctionRef) -> bool:
        try:
            await services.functions.record(ref)
        except FunctionNotFound:
            return False
        return True

    dispatcher = Dispatcher(
        store,
        calls,
        send=InProcessClient(proxy, max_response_bytes=settings.async_result_limit).send,
        capacity=room,
        exists=exists or is_stored,
        policy=policy_of(settings),
        alone=alone,
    )

    async def send() -> None:
        await dispatcher.run()
        await asyncio.Event().wait()

    async def stop() -> None:
        await services.closing.wait()
        await dispatcher.close(GRACE)
        await asyncio.Event().wait()

    async with background(send(), stop()):
        try:
            yield
        finally:
            # begun already where the gateway was told to stop: both graces are one
            await dispatcher.close(GRACE)
            proxy.pools.close()
