"""The builder as a service: uploads come in over HTTP, build events go out as they happen."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing
from http import HTTPStatus
from typing import Any

from plat_core.errors import (
    InvalidInput,
    Malformed,
    NotSupported,
    PlatError,
    TooLarge,
    Unauthenticated,
)
from plat_core.model import strictjson
from plat_core.model.base import Model
from plat_core.model.build import BuildEvent, BuildOptions, Failed, Finished, LogLine
from plat_core.model.validation import validate
from plat_core.services.tokens import TokenCheck, TokenGuard, token_error
from plat_http.fixes import describe
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from plat_builder.images.collecting import Collected
from plat_builder.service import BuildService, Kind

NDJSON = "application/x-ndjson"
PUBLIC = frozenset({"/healthz", "/readyz", "/metrics"})
KINDS: dict[str, Kind] = {
    "application/zip": "zip",
    "application/x-zip-compressed": "zip",
    "text/x-python": "file",
    "text/x-python-script": "file",
    "application/json": "source",
}
FORM = "multipart/form-data"
LOG_TAIL = 50
"""Lines of the log that a failed build is answered with."""
CALL_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
PIECE = 64 * 1024
GC_BYTES = 16 * 1024**2

RECENT_SECONDS = 3600.0
"""For how long an image that no revision names yet is taken to be on its way into one."""

Readiness = Callable[[], Awaitable[None]]
Collector = Callable[[Collection[str], bool], Awaitable[Collected]]


class Keep(Model):
    """What to keep of the registry: images by digest. All else that a builder made goes."""

    images: tuple[str, ...]
    dry_run: bool = True


class BuilderApi:
    """The routes. `ready` raises what keeps the builder from building."""

    def __init__(
        self,
        builds: BuildService,
        ready: Readiness,
        collect: Collector,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`collect` removes all images but those of the digests that it is given."""
        self._builds = builds
        self._ready = ready
        self._collect = collect
        self._clock = clock
        self._recent: dict[str, float] = {}
        self._registry = CollectorRegistry()
        self._count = Counter("plat_builds", "Builds", ["result"], registry=self._registry)
        self._inside = Gauge("plat_builds_running", "Builds under way", registry=self._registry)
        for result in ("finished", "unchanged", "failed"):
            self._count.labels(result)

    def app(self, guard: TokenGuard) -> ASGIApp:
        """The application, with the token in front of all that is not public."""
        routes = [
            Route("/build", self._build, methods=["POST"]),
            Route("/registry/gc", self._gc, methods=["POST"]),
            Route("/healthz", _healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
        ]
        app = Starlette(routes=routes, exception_handlers={PlatError: _plat_error})
        app.router.redirect_slashes = False
        return Door(app, guard)

    async def _build(self, request: Request) -> Response:
        options = _options(request)
        events = self._counted(await self._start(request, options))
        if NDJSON not in request.headers.get("accept", ""):
            return await _outcome(events, request)
        # a bad upload is still an answer of its own, before the stream begins; and nobody may
        # listen for the caller's leaving while the upload is read
        first = await anext(events)
        if isinstance(first, Failed):
            await events.aclose()
            return _failed(first, [], request)
        return StreamingResponse(_lines(first, events), media_type=NDJSON)

    async def _start(
        self, request: Request, options: BuildOptions
    ) -> AsyncGenerator[BuildEvent, None]:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type == FORM:
            file = await _form_file(request)
            kind: Kind = "file" if (file.filename or "").endswith(".py") else "zip"
            return _closing(self._builds.build_upload(_read(file), kind, options))
        if media_type not in KINDS:
            raise NotSupported(
                f"a build takes {', '.join(KINDS)} or {FORM}, not {media_type or 'nothing'}",
                fix="curl -H 'Content-Type: application/zip' --data-binary @function.zip …",
            )
        body = request.stream()
        return _closing(self._builds.build_upload(body, KINDS[media_type], options))

    async def _counted(
        self, events: AsyncGenerator[BuildEvent, None]
    ) -> AsyncGenerator[BuildEvent, None]:
        result = "failed"
        self._inside.inc()
        try:
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, Finished):
                        result = "unchanged" if event.unchanged else "finished"
                        self._remember(event.digest)
                    yield event
        finally:
            self._inside.dec()
            self._count.labels(result).inc()

    def _remember(self, digest: str) -> None:
        """An image that was just built, until a function can have been stored that names it."""
        now = self._clock()
        self._recent = {
            known: at for known, at in self._recent.items() if now - at < RECENT_SECONDS
        } | {f"sha256:{digest}": now}

    async def _gc(self, request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > GC_BYTES:
                raise TooLarge(f"more than {GC_BYTES} bytes")
        asked = validate(Keep, strictjson.loads(bytes(body), max_bytes=GC_BYTES))
        now = self._clock()
        recent = {known for known, at in self._recent.items() if now - at < RECENT_SECONDS}
        kept = {image.rpartition("@")[2] for image in asked.images}
        removed = await self._collect(kept | recent, asked.dry_run)
        return JSONResponse(
            {"images": removed.images, "layers": removed.layers, "dryRun": asked.dry_run}
        )

    async def _readyz(self, request: Request) -> Response:
        try:
            await self._ready()
        except PlatError as error:
            return problem(error, request)
        return JSONResponse({"status": "ok"})

    async def _metrics(self, request: Request) -> Response:
        return Response(generate_latest(self._registry), media_type="text/plain; version=0.0.4")


class Door:
    """ASGI middleware: a call id on every answer, and the token before any route is looked for."""

    def __init__(self, app: ASGIApp, guard: TokenGuard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        given = request.headers.get("x-call-id", "")
        scope.setdefault("state", {})["call_id"] = (
            given if CALL_ID.fullmatch(given) else uuid.uuid4().hex
        )

        async def named(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-call-id", _call_id(request))]
            await send(message)

        answer = self._refusal(request)
        await (answer or self._app)(scope, receive, named)

    def _refusal(self, request: Request) -> Response | None:
        if request.scope["path"] in PUBLIC:
            return None
        if {"token", "access_token", "auth_token"} & set(request.query_params):
            error: PlatError = Malformed(
                "a token in the query ends in logs and histories, so it is refused",
                fix="send the header 'Authorization: Bearer $AUTH_TOKEN'",
            )
            return problem(error, request)
        header = request.headers.get("authorization")
        client = request.client.host if request.client else "unknown"
        verdict = self._guard.authenticate(header.encode("latin-1") if header else None, client)
        return None if verdict is TokenCheck.ALLOWED else problem(token_error(verdict), request)


def problem(error: PlatError, request: Request, log: str = "") -> Response:
    """An error as `application/problem+json` (RFC 9457), the same document as the gateway's."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "callId": _call_id(request).decode(),
    }
    errors = error.errors if isinstance(error, InvalidInput) and error.field else []
    optional = {"fix": describe(error.fix), "errors": errors, "log": log}
    document |= {key: value for key, value in optional.items() if value}
    headers = {"WWW-Authenticate": 'Bearer realm="plat"'} if _asks(error) else {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    body = json.dumps(document, ensure_ascii=True)
    return Response(body, error.status, headers, media_type="application/problem+json")


def _asks(error: PlatError) -> bool:
    return isinstance(error, Unauthenticated)


def _call_id(request: Request) -> bytes:
    return str(request.scope["state"]["call_id"]).encode()


async def _plat_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, PlatError):
        raise error
    return problem(error, request)


async def _healthz(request: Request) -> Response:
    return PlainTextResponse('{"status":"ok"}', media_type="application/json")


def _options(request: Request) -> BuildOptions:
    given = request.query_params.multi_items()
    if len(dict(given)) != len(given):
        raise InvalidInput("a parameter of the query stands twice")
    return validate(BuildOptions, dict(given))


async def _form_file(request: Request) -> UploadFile:
    try:
        form = await request.form(max_files=1, max_fields=1)
    except MultiPartException as error:
        raise Malformed(f"not a valid form: {error.message}") from None
    file = form.get("file")
    if not isinstance(file, UploadFile) or len(form) != 1:
        await form.close()
        raise InvalidInput("the form has exactly one field: file", field="file")
    return file


async def _read(file: UploadFile) -> AsyncGenerator[bytes, None]:
    try:
        while piece := await file.read(PIECE):
            yield piece
    finally:
        await file.close()


async def _closing(
    events: Any,
) -> AsyncGenerator[BuildEvent, None]:
    async with aclosing(events):
        async for event in events:
            yield event


async def _outcome(events: AsyncGenerator[BuildEvent, None], request: Request) -> Response:
    """The finished artifact, or the problem with the end of the log."""
    tail: deque[str] = deque(maxlen=LOG_TAIL)
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Finished):
                return JSONResponse(event.document())
            if isinstance(event, Failed):
                return _failed(event, list(tail), request)
            if isinstance(event, LogLine):
                tail.append(event.text)
    raise Malformed("the build ended without a result")


def _failed(event: Failed, tail: list[str], request: Request) -> Response:
    kinds = {kind.code: kind for kind in PlatError.__subclasses__()}
    line = f" (line: {event.line})" if event.line else ""
    error = kinds.get(event.code, PlatError)(event.message + line, fix=event.fix)
    return problem(error, request, "\n".join(tail))


async def _lines(
    first: BuildEvent, events: AsyncGenerator[BuildEvent, None]
) -> AsyncGenerator[bytes, None]:
    async with aclosing(events):
        yield first.model_dump_json(by_alias=True).encode() + b"\n"
        async for event in events:
            yield event.model_dump_json(by_alias=True).encode() + b"\n"
