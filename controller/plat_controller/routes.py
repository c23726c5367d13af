"""Routes that the controller adds to the management API: a watch of routes, and scaling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from plat_core.ports import FunctionStore, Resolver, Route, RouteRemoved, Scaler
from plat_core.wire import WATCH_PATH, Demand, RouteLine
from plat_gateway.routes.inputs import Settings, read_document
from plat_gateway.services import Services
from plat_http.json_documents import NDJSON, negotiate
from plat_http.parameters import Ref
from plat_http.streams import LiveResponse
from starlette.responses import Response

# used between services only, so not part of the OpenAPI document
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class RouteServices:
    """The services of these routes."""

    store: FunctionStore
    resolver: Resolver
    scaler: Scaler


async def _sources(request: Request) -> RouteServices:
    sources: RouteServices = request.app.state.sources
    return sources


Sources = Annotated[RouteServices, Depends(_sources)]


@router.get(WATCH_PATH, response_class=Response)
async def watch_routes(request: Request, sources: Sources, settings: Settings) -> Response:
    """Stream the routes of functions to gateways: all functions, each route, then every change.

    Each line is a JSON object with one of `present`, `route` and `removed`. An empty line is a
    heartbeat.
    """
    negotiate(request, [NDJSON])
    services: Services = request.app.state.services
    return LiveResponse(
        _routes(sources),
        NDJSON,
        heartbeat=b"\n",
        lifetime=settings.stream_limit,
        closing=services.closing,
    )


async def _routes(sources: RouteServices) -> AsyncGenerator[bytes, None]:
    async with aclosing(sources.resolver.watch()) as updates:
        # start the watch before the list, so that no change between the two is missed
        first = asyncio.ensure_future(anext(updates))
        try:
            present = tuple(record.function.ref for record in await sources.store.list())
            yield _line(RouteLine(present=present))
            yield _update_line(await first)
        finally:
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
        async for update in updates:
            yield _update_line(update)


def _update_line(update: Route | RouteRemoved) -> bytes:
    if isinstance(update, RouteRemoved):
        return _line(RouteLine(removed=update.ref))
    return _line(RouteLine(route=update))


def _line(line: RouteLine) -> bytes:
    return line.model_dump_json(exclude_none=True).encode() + b"\n"


@router.post("/functions/{name}/demand", status_code=204)
async def request_replicas(request: Request, ref: Ref, sources: Sources) -> Response:
    """Set the number of replicas that the load needs; do not wait for them."""
    await sources.scaler.scale(ref, (await read_document(request, Demand)).replicas)
    return Response(status_code=204)
