"""Assembly of a service from the parts of its backend: the same for every backend."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Protocol

from fastapi import FastAPI
from plat_builder.runtimes import Runtime
from plat_core.errors import PlatError
from plat_core.model.names import FunctionRef
from plat_core.ports import LogSource, SecretStore, SecretVersions, Workloads
from plat_core.services.async_calls import AsyncCalls
from plat_core.services.background import background
from plat_core.services.call_metrics import BUCKETS
from plat_core.services.controller import Controller, StatusContext
from plat_core.services.functions import Functions
from plat_core.services.notifying_store import NotifyingStore
from plat_core.services.router import Router
from plat_core.services.sources import SourceBuilder
from plat_core.services.tokens import TokenCheck, TokenGuard
from plat_http.auth import rejection
from plat_http.fixes import describe

from plat_gateway.app import create_app
from plat_gateway.notices import Notices
from plat_gateway.proxy.async_queue import AsyncCallQueue
from plat_gateway.proxy.call_records import CallRecord
from plat_gateway.proxy.limits import HttpLimits
from plat_gateway.proxy.proxy import FunctionProxy
from plat_gateway.routes.documents import RuntimeView
from plat_gateway.services import Builds, Routed, Services
from plat_gateway.settings import ApiSettings
from plat_gateway.wiring.async_calls import dispatch_calls
from plat_gateway.wiring.parts import BackendParts

log = logging.getLogger(__name__)

GRACE = 30.0
"""Time (s) that calls in flight get when the gateway stops."""
ROUTED_TIMEOUT = 2.0
"""Time (s) that the response to a deploy waits for the data path."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A service, ready to be served."""

    app: FastAPI
    proxy: FunctionProxy
    services: Services
    async_calls: AsyncCallQueue


@asynccontextmanager
async def assemble(parts: BackendParts, settings: ApiSettings) -> AsyncIterator[Platform]:
    """Run a service over `parts`. On exit, calls in flight finish and all tasks are cancelled."""
    services = _services(parts, settings)
    proxy = create_proxy(parts.router, services, settings, parts.on_call)
    async with AsyncExitStack() as stack:
        tasks = [*parts.tasks(), parts.router.follow(parts.resolver)]
        if parts.autoscaler is not None:
            tasks.append(parts.autoscaler.run())
        await stack.enter_async_context(background(*tasks))
        if parts.calls is not None:
            await stack.enter_async_context(
                dispatch_calls(parts.calls, proxy, services, grace=GRACE)
            )
        accept = None if services.calls is None else services.calls.accept
        max_bytes = 0 if parts.calls is None else parts.calls.max_body_bytes
        async_calls = AsyncCallQueue(proxy, accept, max_body_bytes=max_bytes)
        yield Platform(create_app(services, settings), proxy, services, async_calls)


def _services(parts: BackendParts, settings: ApiSettings) -> Services:
    calls = parts.calls
    return Services(
        functions=Functions(
            parts.store,
            parts.workloads,
            parts.changes,
            scaler=parts.scaler,
            debugging=parts.dev,
            url=parts.function_url,
            now=lambda: datetime.now(UTC),
        ),
        builds=parts.builds,
        logs=parts.logs,
        secrets=parts.secrets,
        runtimes=lambda: [_runtime_view(runtime) for runtime in parts.runtimes()],
        guard=create_guard(settings, parts.viewer_token),
        readiness=parts.readiness,
        samples=parts.router.totals,
        buckets=BUCKETS,
        routed=parts.routed or wait_until_routed(parts.router),
        calls=None if calls is None else AsyncCalls(calls.store, policy=calls.policy),
        backend=parts.backend,
        version=version("plat-faas"),
        notices=Notices() if parts.dev else None,
        closing=parts.closing,
    )


class VersionedSecrets(SecretStore, SecretVersions, Protocol):
    """A store of secrets that counts their versions."""


def controller_parts(
    *,
    backend: str,
    store: NotifyingStore,
    workloads: Workloads,
    secrets: VersionedSecrets,
    builds: Builds,
    builder: SourceBuilder,
    logs: LogSource,
    gateway_url: str,
) -> tuple[Controller, BackendParts]:
    """Return the controller of a service that reconciles functions itself, and the common parts.

    The caller replaces `tasks`, which must run the controller.
    """
    function_url = partial(FunctionRef.url_at, gateway=gateway_url)
    controller = Controller(
        store=store,
        workloads=workloads,
        builder=builder,
        secrets=secrets,
        context=StatusContext(
            now=lambda: datetime.now(UTC), url=function_url, describe_fix=describe
        ),
    )

    async def readiness() -> Mapping[str, str]:
        return {} if controller.synced else {"controller": "still looks at what is stored"}

    return controller, BackendParts(
        backend=backend,
        function_url=function_url,
        store=store,
        workloads=workloads,
        changes=store.changes,
        scaler=controller,
        resolver=controller,
        router=Router(scaler=controller),
        builds=builds,
        logs=logs,
        secrets=secrets,
        readiness=readiness,
    )


def create_guard(settings: ApiSettings, viewer_token: str | None) -> TokenGuard:
    """Return the token check that the API and the data path share."""
    return TokenGuard(settings.auth_token, viewer=viewer_token, failures=settings.auth_failures)


def create_proxy(
    router: Router,
    services: Services,
    settings: ApiSettings,
    on_call: Callable[[CallRecord], None] | None = None,
) -> FunctionProxy:
    """Return the data path over `router`; `on_call` receives each finished call."""

    def authorize(header: bytes | None, client: str) -> PlatError | None:
        check = services.guard.authenticate(header, client)
        if check is TokenCheck.ALLOWED:
            return None
        return rejection(services.guard, check, client)

    return FunctionProxy(
        router,
        authorize=authorize,
        limits=HttpLimits(body_bytes=max(settings.build_limit, settings.json_limit)),
        origins=settings.cors_origins,
        notices=services.notices.lines if services.notices else None,
        on_call=on_call,
    )


def wait_until_routed(router: Router) -> Routed:
    """Return a function that waits until a stored function can be called here."""

    async def wait(ref: FunctionRef) -> None:
        try:
            async with asyncio.timeout(ROUTED_TIMEOUT):
                await router.table.wait_for(ref.segment)
        except TimeoutError:
            log.warning("%s is stored, but cannot be called yet", ref)

    return wait


def _runtime_view(runtime: Runtime) -> RuntimeView:
    about = runtime.description
    return RuntimeView(
        name=about.name,
        language=about.language,
        description=about.description,
        handler=about.handler,
        template=runtime.files,
    )
