"""The HTTP API of the builder: builds, and garbage collection of the registry."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection
from contextlib import aclosing

from plat_core.errors import InvalidInput, NotSupported, PlatError, UnsupportedMediaType
from plat_core.model import strictjson
from plat_core.model.base import Model
from plat_core.model.build import BuildEvent, BuildOptions, Failed, Finished
from plat_core.model.validation import validate
from plat_core.services.tokens import TokenGuard
from plat_http.auth import AuthMiddleware
from plat_http.build_requests import (
    Upload,
    UploadKind,
    build_response,
    event_lines,
    failed_response,
    first_event,
)
from plat_http.health import Health
from plat_http.json_documents import NDJSON, json_response, read_body
from plat_http.problem_responses import call_id_of, error_response, handle_plat_error
from plat_http.request_ids import RequestIdMiddleware
from plat_http.streams import LiveResponse
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from plat_builder.images.garbage_collection import RemovedImages
from plat_builder.service import BuildService

PUBLIC = frozenset({"/healthz", "/readyz", "/metrics"})
GC_BYTES = 16 * 1024**2

RECENT_SECONDS = 3600.0
"""Age below which garbage collection keeps an image that no revision names yet."""

Readiness = Callable[[], Awaitable[None]]
Collector = Callable[[Collection[str], bool], Awaitable[RemovedImages]]


class CollectionRequest(Model):
    """The images to keep, by digest. Garbage collection removes all other images of the builder."""

    images: tuple[str, ...]
    dry_run: bool = True


class BuilderApi:
    """The routes of the builder."""

    def __init__(
        self,
        builds: BuildService,
        ready: Readiness,
        collect: Collector,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Serve `builds`.

        `ready` raises PlatError while the builder cannot build. `collect` removes all images but
        those with the given digests.
        """
        self._builds = builds
        self._ready = ready
        self._collect = collect
        self._clock = clock
        self._recent: dict[str, float] = {}
        self._registry = CollectorRegistry()
        self._count = Counter("plat_builds", "Builds", ["result"], registry=self._registry)
        self._running = Gauge("plat_builds_running", "Running builds", registry=self._registry)
        for result in ("finished", "unchanged", "failed"):
            self._count.labels(result)

    def app(self, guard: TokenGuard) -> ASGIApp:
        """Return the application with its middleware."""
        routes = [
            Route("/build", self._build, methods=["POST"]),
            Route("/registry/gc", self._gc, methods=["POST"]),
            Route("/healthz", _healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
        ]
        app = Starlette(routes=routes, exception_handlers={PlatError: handle_plat_error})
        app.router.redirect_slashes = False
        return RequestIdMiddleware(AuthMiddleware(app, guard, public=PUBLIC))

    async def _build(self, request: Request) -> Response:
        options = _options(request)
        upload = Upload(request)
        content, kind = await _open(upload)
        events = self._counted(self._builds.build_upload(content, kind, options))
        call_id = call_id_of(request.scope)
        if NDJSON not in request.headers.get("accept", ""):
            return await build_response(events, call_id)
        # a rejected upload gets an error status, so wait for the first event before the stream
        # starts; nothing may wait for a disconnect while the upload is read
        first = await first_event(events)
        if isinstance(first, Failed):
            await events.aclose()
            return failed_response(first, call_id)
        lines = event_lines(first, events)
        return LiveResponse(lines, NDJSON, heartbeat=b"\n", received=upload.received)

    async def _counted(
        self, events: AsyncGenerator[BuildEvent, None]
    ) -> AsyncGenerator[BuildEvent, None]:
        result = "failed"
        self._running.inc()
        try:
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, Finished):
                        result = "unchanged" if event.unchanged else "finished"
                        self._remember(event.digest)
                    yield event
        finally:
            self._running.dec()
            self._count.labels(result).inc()

    def _remember(self, digest: str) -> None:
        """Keep a new image from garbage collection until a function that names it is stored."""
        self._recent = {**self._unexpired(), f"sha256:{digest}": self._clock()}

    def _unexpired(self) -> dict[str, float]:
        now = self._clock()
        return {digest: at for digest, at in self._recent.items() if now - at < RECENT_SECONDS}

    async def _gc(self, request: Request) -> Response:
        body = await read_body(request, GC_BYTES)
        collection = validate(CollectionRequest, strictjson.loads(body, max_bytes=GC_BYTES))
        kept = {image.rpartition("@")[2] for image in collection.images}
        removed = await self._collect(kept | self._unexpired().keys(), collection.dry_run)
        return JSONResponse(
            {"images": removed.images, "layers": removed.layers, "dryRun": collection.dry_run}
        )

    async def _readyz(self, request: Request) -> Response:
        try:
            await self._ready()
        except PlatError as error:
            return error_response(error, request.scope)
        return json_response(Health())

    async def _metrics(self, _request: Request) -> Response:
        return Response(generate_latest(self._registry), media_type="text/plain; version=0.0.4")


async def _healthz(_request: Request) -> Response:
    return json_response(Health())


async def _open(upload: Upload) -> tuple[AsyncIterator[bytes], UploadKind]:
    try:
        return await upload.open()
    except UnsupportedMediaType as error:
        # 501 is part of the builder's API; the gateway responds 415
        raise NotSupported(error.message, fix=error.fix) from None


def _options(request: Request) -> BuildOptions:
    given = request.query_params.multi_items()
    if len(dict(given)) != len(given):
        raise InvalidInput("a query parameter is given twice")
    return validate(BuildOptions, dict(given))
