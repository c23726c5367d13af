"""FastAPI applications with the document and the error handling of plat."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from importlib.metadata import version

from fastapi import APIRouter, FastAPI

from plat_http import openapi
from plat_http.exception_handlers import install_handlers

PUBLIC = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json"})
"""Paths that need no token: probes, metrics and the OpenAPI document."""


def create_application(
    *,
    title: str,
    summary: str,
    description: str,
    routers: Sequence[APIRouter],
    public: Collection[str] = PUBLIC,
) -> FastAPI:
    """Return an application with these routes, and no middleware yet."""
    app = FastAPI(
        title=title,
        version=version("plat-faas"),
        summary=summary,
        description=description,
        redirect_slashes=False,
        # the built-in documentation pages load scripts from third-party servers
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    for router in routers:
        app.include_router(router)
    app.state.routes = [route for router in routers for route in router.routes]
    install_handlers(app)
    app.openapi = lambda: openapi.document(app, public=public)  # type: ignore[method-assign]
    return app
