"""The management API as an ASGI application: routes, and the layers in front of them."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from plat_gateway import openapi, problems
from plat_gateway.auth.layer import CONSOLE, TokenLayer
from plat_gateway.edge import Bounds, Edge
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
from plat_gateway.routes.console import FILES, Console, to_console
from plat_gateway.services import Services
from plat_gateway.settings import GatewaySettings

DESCRIPTION = (
    "Deploy, scale and watch functions. Paths but those without a lock need the header "
    "`Authorization: Bearer $AUTH_TOKEN`. Errors are `application/problem+json` with a stable "
    "`code`. Functions themselves are called at `/function/{name}`, which is not part of this "
    "document: whatever a function takes and answers passes through. The same under "
    "`/async-function/{name}` is answered at once with 202 and the id of a call of `/calls`."
)
EXPOSED = (
    *("X-Call-Id", "X-Plat-Unchanged", "X-Plat-Answer", "Retry-After"),
    *("X-Call-Status", "X-Call-Truncated"),
)
METHODS = ("GET", "PUT", "POST", "DELETE")
ROOMS = (functions, calls, events, logs, builds, register, secrets, system, health)


def create_app(services: Services, settings: GatewaySettings, console: Path = FILES) -> FastAPI:
    """The application over these services.

    It starts nothing: whoever serves it has checked the token (`check_token`) and keeps the
    services running.
    """
    app = routed()
    app.state.services = services
    app.state.settings = settings
    app.state.metrics = Metrics()
    app.mount(CONSOLE, Console(console))
    for path in ("/", CONSOLE):
        app.add_route(path, to_console, include_in_schema=False)
    # added from the inside out: the last one sees a request first
    app.add_middleware(Bounds, json_limit=settings.json_limit, build_limit=settings.build_limit)
    app.add_middleware(TokenLayer, guard=services.guard, trusted=settings.trusted_proxies)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=METHODS,
        allow_headers=["Authorization", "Content-Type", "X-Call-Id"],
        expose_headers=EXPOSED,
        max_age=600,
    )
    app.add_middleware(Edge)
    return app


def routed() -> FastAPI:
    """The routes alone, of which the OpenAPI document is made."""
    app = FastAPI(
        title="plat",
        version=version("plat-faas"),
        summary="The management API of plat",
        description=DESCRIPTION,
        redirect_slashes=False,
        # their pages would load scripts from somebody else's servers
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    for room in ROOMS:
        app.include_router(room.router)
    app.state.routes = [route for room in ROOMS for route in room.router.routes]
    problems.install(app)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    return app
