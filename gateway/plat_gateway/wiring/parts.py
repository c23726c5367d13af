"""The parts that a backend contributes to a service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from plat_builder.runtimes import Runtime
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.ports import (
    CallStore,
    FunctionStore,
    LogSource,
    Resolver,
    Scaler,
    SecretStore,
    Workloads,
)
from plat_core.services.async_calls import CallPolicy
from plat_core.services.autoscaler import Autoscaler
from plat_core.services.background import Work
from plat_core.services.dispatcher import Exists
from plat_core.services.router import Router

from plat_gateway.proxy.call_records import CallRecord
from plat_gateway.services import Builds, Readiness, Routed


@dataclass(frozen=True, slots=True)
class CallQueue:
    """The store of asynchronous calls and their limits; `alone`: no other gateway uses it.

    `exists` checks at the source whether a function exists. Without it, the function store is
    read, which must not answer from a cache.
    """

    store: CallStore
    alone: bool
    policy: CallPolicy
    max_body_bytes: int
    max_result_bytes: int
    exists: Exists | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendParts:
    """One backend, opened; `assembly.assemble` adds what is the same for every backend.

    `changes` is notified of every change of a function. `resolver` feeds `router`, and `tasks`
    returns the coroutines that run as long as the service.
    """

    backend: str
    function_url: Callable[[FunctionRef], str]
    store: FunctionStore
    workloads: Workloads
    changes: Notifier[FunctionRef]
    scaler: Scaler
    resolver: Resolver
    router: Router
    builds: Builds
    logs: LogSource
    secrets: SecretStore
    readiness: Readiness
    tasks: Callable[[], Iterable[Work]] = tuple
    runtimes: Callable[[], Sequence[Runtime]] = tuple
    autoscaler: Autoscaler | None = None
    """None in a service that applies the demand of gateways."""
    routed: Routed | None = None
    """Waits for other gateways, too; by default only for this one."""
    calls: CallQueue | None = None
    viewer_token: str | None = None
    on_call: Callable[[CallRecord], None] | None = None
    dev: bool = False
    """Whether debuggers may attach, and `plat dev` may send notices."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the service starts to stop."""
