"""The management API as an ASGI application: its routes and middleware."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from plat_http.applications import PUBLIC, create_application
from plat_http.auth import AuthMiddleware
from plat_http.request_ids import RequestIdMiddleware
from plat_http.request_limits import LimitMiddleware
from starlette.middleware.cors import CORSMiddleware

from plat_gateway.metrics import Metrics
from plat_gateway.routes import (
    builds,
    calls,
    events,
    functions,
    health,
    logs,
    register,
    secrets,
    system,
)
from plat_gateway.routes.console import CONSOLE, FILES, Console, to_console
from plat_gateway.services import Services
from plat_gateway.settings import ApiSettings

DESCRIPTION = (
    "Deploy, scale and watch functions. Operations marked with a lock need the header "
    "`Authorization: Bearer $AUTH_TOKEN`. Errors are `application/problem+json` documents with a "
    "stable `code`. Functions are called at `/function/{name}`, which is not part of this "
    "document: requests and responses pass through unchanged. A request to "
    "`/async-function/{name}` is queued and gets status 202 with the id of the call, which "
    "`/calls` lists."
)
EXPOSED = (
    *("X-Call-Id", "X-Plat-Unchanged", "X-Plat-Answer", "Retry-After"),
    *("X-Call-Status", "X-Call-Truncated"),
)
METHODS = ("GET", "PUT", "POST", "DELETE")
ROUTES = (functions, calls, events, logs, builds, register, secrets, system, health)


def create_app(services: Services, settings: ApiSettings, console: Path = FILES) -> FastAPI:
    """Return the application over these services.

    It starts nothing: the caller checks the token with `check_token` and runs the services.
    """
    app = routed()
    app.state.services = services
    app.state.settings = settings
    app.state.metrics = Metrics()
    app.mount(CONSOLE, Console(console))
    for path in ("/", CONSOLE):
        app.add_route(path, to_console, include_in_schema=False)
    # the middleware that is added last handles a request first
    app.add_middleware(
        LimitMiddleware, json_limit=settings.json_limit, build_limit=settings.build_limit
    )
    app.add_middleware(
        AuthMiddleware,
        guard=services.guard,
        public=PUBLIC | {"/", CONSOLE},
        public_prefix=f"{CONSOLE}/",
        trusted=settings.trusted_proxies,
    )
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=METHODS,
        allow_headers=["Authorization", "Content-Type", "X-Call-Id"],
        expose_headers=EXPOSED,
        max_age=600,
    )
    app.add_middleware(RequestIdMiddleware)
    return app


def routed() -> FastAPI:
    """Return an application with the routes only, which is enough for its OpenAPI document."""
    return create_application(
        title="plat",
        summary="The management API of plat",
        description=DESCRIPTION,
        routers=[module.router for module in ROUTES],
    )
