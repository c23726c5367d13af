"""What is put together in the same way before every backend."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI
from plat_builder import runtimes
from plat_core.errors import PlatError
from plat_core.model.names import FunctionRef
from plat_core.services.router import Router
from plat_core.services.tokens import TokenCheck, TokenGuard, token_error

from plat_gateway.proxy.async_queue import AsyncCallQueue
from plat_gateway.proxy.call_records import CallRecord
from plat_gateway.proxy.limits import HttpLimits
from plat_gateway.proxy.proxy import FunctionProxy
from plat_gateway.routes.documents import RuntimeView
from plat_gateway.services import Routed, Services
from plat_gateway.settings import GatewaySettings

log = logging.getLogger(__name__)

GRACE = 30.0
"""Seconds that calls in flight get when the gateway stops."""
ROUTED = 2.0
"""Seconds for which the answer to a deploy waits for the data path."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A gateway that is ready to be served."""

    app: FastAPI
    proxy: FunctionProxy
    services: Services
    intake: AsyncCallQueue | None = None


def guard_of(settings: GatewaySettings) -> TokenGuard:
    """Who knows the tokens, for the API and the data path alike."""
    return TokenGuard(
        settings.auth_token, viewer=settings.viewer_token, failures=settings.auth_failures
    )


def proxy_of(
    router: Router,
    services: Services,
    settings: GatewaySettings,
    on_call: Callable[[CallRecord], None] | None = None,
) -> FunctionProxy:
    """The data path over a router; `on_call` hears of each call that ended."""

    def admit(header: bytes | None, client: str) -> PlatError | None:
        verdict = services.guard.authenticate(header, client)
        if verdict is TokenCheck.ALLOWED:
            return None
        error = token_error(verdict)
        if verdict is TokenCheck.BLOCKED:
            error.retry_after = services.guard.retry_after(client)
        return error

    return FunctionProxy(
        router,
        authorize=admit,
        limits=HttpLimits(body_bytes=max(settings.build_limit, settings.json_limit)),
        origins=settings.cors_origins,
        notices=services.notices.lines if services.notices else None,
        on_call=on_call,
    )


def routed(router: Router) -> Routed:
    """Waits until a function that was just stored is on the data path."""

    async def appears(ref: FunctionRef) -> None:
        try:
            async with asyncio.timeout(ROUTED):
                await router.table.wait_for(ref.segment)
        except TimeoutError:
            log.warning("%s is stored, and cannot be called yet", ref)

    return appears


def runtime_view(runtime: runtimes.Runtime) -> RuntimeView:
    """What the API says of a runtime."""
    about = runtime.description
    return RuntimeView(
        name=about.name,
        language=about.language,
        description=about.description,
        handler=about.handler,
        template=runtime.files,
    )
