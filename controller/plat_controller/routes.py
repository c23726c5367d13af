"""The controller's API beside the gateway's: the watch of routes, and the load's demand."""

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

# between our own services: not part of the document that users read
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Sources:
    """What stands behind these routes."""

    store: FunctionStore
    resolver: Resolver
    scaler: Scaler


async def _sources(request: Request) -> Sources:
    sources: Sources = request.app.state.sources
    return sources


Behind = Annotated[Sources, Depends(_sources)]


@router.get(WATCH_PATH, response_class=Response)
async def watch_routes(request: Request, sources: Behind, settings: Settings) -> Response:
    """Tell gateways where functions answer: all functions, each route, then every change.

    Lines of JSON with one of `present`, `route` and `removed`; an empty line is a sign of life.
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


async def _routes(sources: Sources) -> AsyncGenerator[bytes, None]:
    async with aclosing(sources.resolver.watch()) as updates:
        # the watch begins before the list is read, so that nothing falls between the two
        first = asyncio.ensure_future(anext(updates))
        try:
            present = tuple(record.function.ref for record in await sources.store.list())
            yield _line(RouteLine(present=present))
            yield _told(await first)
        finally:
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
        async for update in updates:
            yield _told(update)


def _told(update: Route | RouteRemoved) -> bytes:
    if isinstance(update, RouteRemoved):
        return _line(RouteLine(removed=update.ref))
    return _line(RouteLine(route=update))


def _line(line: RouteLine) -> bytes:
    return line.model_dump_json(exclude_none=True).encode() + b"\n"


@router.post("/functions/{name}/demand", status_code=204)
async def ask_for_replicas(request: Request, ref: Ref, sources: Behind) -> Response:
    """Say how many replicas the load asks for; the answer comes before they are there."""
    await sources.scaler.scale(ref, (await read_document(request, Demand)).replicas)
    return Response(status_code=204)
