"""Builds: an upload goes in, events come out while it is made into an artifact."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from plat_core.errors import BuildFailed, InvalidInput, Malformed, PlatError, with_line
from plat_core.model.build import BuildEvent, BuildOptions, Failed, Finished, LogLine
from plat_core.model.function import HANDLER_PATTERN
from plat_core.model.names import Name
from plat_core.model.source import Source
from plat_http.fixes import describe
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from plat_gateway.metrics import Metrics
from plat_gateway.openapi import json_content, problems
from plat_gateway.problems import Parts, UnsupportedMediaType, call_id_of, problem, status_of
from plat_gateway.routes.documents import answer, line
from plat_gateway.routes.inputs import JSON, NDJSON, Settings, accepted, media_type, read_json
from plat_gateway.routes.streams import LiveResponse, close, while_connected
from plat_gateway.services import Services, UploadKind, services_of

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile

router = APIRouter(tags=["builds"], responses=problems(422))

LOG_TAIL = 50
"""Lines of the log that a failed build is answered with."""
PIECE = 64 * 1024
KINDS: dict[str, UploadKind] = {
    "application/zip": "zip",
    "application/x-zip-compressed": "zip",
    "text/x-python": "file",
    "text/x-python-script": "file",
}
FORM = "multipart/form-data"

_BINARY = {"type": "string", "format": "binary"}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/zip": {"schema": _BINARY},
            "text/x-python": {"schema": _BINARY},
            **json_content(Source, {"inline": {"app.py": "def handler(request): ..."}}),
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": _BINARY},
                    "additionalProperties": False,
                }
            },
        },
    }
}


class Upload:
    """The body of a request as an upload; `received` is set when all of it was read."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.received = asyncio.Event()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes; raises Malformed where it breaks off."""
        try:
            async for piece in self._request.stream():
                if piece:
                    yield piece
        except ClientDisconnect:
            raise Malformed("the upload broke off", fix="send it again") from None
        self.received.set()

    async def form_file(self) -> UploadFile:
        """The field `file` of a form; raises Malformed, InvalidInput."""
        try:
            form = await self._request.form(max_files=1, max_fields=1)
        except MultiPartException as error:
            raise Malformed(f"not a valid form: {error.message}") from None
        self.received.set()
        file = form.get("file")
        if file is None or isinstance(file, str) or len(form) != 1:
            await form.close()
            raise InvalidInput(
                "the form has exactly one field: file, with the zip or the .py file",
                fix="curl -F file=@function.zip …",
                field="file",
            )
        return file


async def _whole(content: bytes) -> AsyncGenerator[bytes, None]:
    yield content


async def _read(file: UploadFile) -> AsyncGenerator[bytes, None]:
    try:
        while piece := await file.read(PIECE):
            yield piece
    finally:
        await file.close()


@router.post(
    "/build",
    response_model=Finished,
    responses={
        200: {
            "description": "The artifact; or, as lines of JSON, the events until its end.",
            "content": {NDJSON: {"schema": {"type": "string"}}},
        },
        **problems(406, 415),
    },
    openapi_extra=BODY,
)
async def build(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    settings: Settings,
    name: Annotated[Name, Query(description="The function's name.", examples=["orders"])],
    runtime: Annotated[Name | None, Query(description="See `GET /runtimes`.")] = None,
    handler: Annotated[
        str | None, Query(description="As in `spec.handler`.", pattern=HANDLER_PATTERN)
    ] = None,
    debug: Annotated[bool, Query(description="Add what a debugger needs.")] = False,
) -> Response:
    """Build a zip of a folder, one Python file, or what `spec.source` says, as JSON.

    With `Accept: application/x-ndjson` every event is sent as it happens, and the last one says
    how it ended. Leaving ends the build.
    """
    wanted = accepted(request, [JSON, NDJSON])
    options = BuildOptions(name=name, runtime=runtime, handler=handler, debug=debug)
    upload = Upload(request)
    events = _counted(await _start(request, services, upload, options), request.app.state.metrics)
    if wanted == JSON:
        outcome = _outcome(events, call_id_of(request.scope))
        return await while_connected(request.receive, outcome, upload.received)
    # a bad upload is still an answer of its own, before the stream begins
    first = await while_connected(request.receive, _first(events), upload.received)
    return LiveResponse(
        _lines(first, events),
        NDJSON,
        heartbeat=b"\n",
        lifetime=settings.stream_limit,
        received=upload.received,
    )


async def _start(
    request: Request, services: Services, upload: Upload, options: BuildOptions
) -> AsyncGenerator[BuildEvent, None]:
    given = media_type(request)
    if given == FORM:
        file = await upload.form_file()
        kind: UploadKind = "file" if (file.filename or "").endswith(".py") else "zip"
        return services.builds.build_upload(_read(file), kind, options)
    if given == JSON:
        source = await read_json(request, Source)
        upload.received.set()
        content = json.dumps(source.document()).encode()
        return services.builds.build_upload(_whole(content), "source", options)
    if given not in KINDS:
        raise UnsupportedMediaType(
            f"a build takes {', '.join(KINDS)}, {JSON} or {FORM}, not {given or 'nothing'}",
            fix="curl -H 'Content-Type: application/zip' --data-binary @function.zip …",
        )
    return services.builds.build_upload(upload.pieces(), KINDS[given], options)


async def _counted(
    events: AsyncIterator[BuildEvent], metrics: Metrics
) -> AsyncGenerator[BuildEvent, None]:
    result = "failed"
    try:
        async for event in events:
            if isinstance(event, Finished):
                result = "unchanged" if event.unchanged else "finished"
            yield event
    finally:
        metrics.builds[result] += 1
        await close(events)


async def _outcome(events: AsyncGenerator[BuildEvent, None], call_id: str) -> Response:
    """The finished artifact, or the problem with the end of the log."""
    tail: deque[str] = deque(maxlen=LOG_TAIL)
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Finished):
                return answer(event)
            if isinstance(event, Failed):
                log = "\n".join(tail)
                detail = with_line(event.message, event.line)
                parts = Parts(status_of(event.code), event.code, detail, event.fix)
                return problem(replace(parts, log=log), call_id)
            if isinstance(event, LogLine):
                tail.append(event.text)
    raise _no_result()


def _no_result() -> BuildFailed:
    return BuildFailed("the build ended without a result", fix="build it again")


async def _first(events: AsyncGenerator[BuildEvent, None]) -> BuildEvent:
    async for event in events:
        return event
    raise _no_result()


async def _lines(
    first: BuildEvent, events: AsyncGenerator[BuildEvent, None]
) -> AsyncGenerator[bytes, None]:
    """One line per event; an error in the middle becomes the last one."""
    async with aclosing(events):
        yield line(first) + b"\n"
        try:
            async for event in events:
                yield line(event) + b"\n"
        except PlatError as error:
            failed = Failed(code=error.code, message=error.message, fix=describe(error.fix))
            yield line(failed) + b"\n"
