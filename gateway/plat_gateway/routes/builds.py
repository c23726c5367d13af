"""Builds: an upload is built into an artifact, and its events are streamed."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from plat_core.model.build import BuildEvent, BuildOptions, Finished
from plat_core.model.function import HANDLER_PATTERN
from plat_core.model.names import Name
from plat_core.model.source import Source
from plat_http.build_requests import (
    FORM,
    Upload,
    UploadKind,
    build_response,
    event_lines,
    first_event,
)
from plat_http.json_documents import JSON, NDJSON, media_type, negotiate
from plat_http.openapi import json_content, problems
from plat_http.problem_responses import call_id_of
from plat_http.streams import LiveResponse, while_connected
from starlette.responses import Response

from plat_gateway.metrics import Metrics
from plat_gateway.routes.inputs import ServicesParam, Settings, read_document

router = APIRouter(tags=["builds"], responses=problems(422))

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


@router.post(
    "/build",
    response_model=Finished,
    responses={
        200: {
            "description": "The artifact; or, as lines of JSON, all events of the build.",
            "content": {NDJSON: {"schema": {"type": "string"}}},
        },
        **problems(406, 415),
    },
    openapi_extra=BODY,
)
async def build(
    request: Request,
    services: ServicesParam,
    settings: Settings,
    name: Annotated[Name, Query(description="The function's name.", examples=["orders"])],
    runtime: Annotated[Name | None, Query(description="See `GET /runtimes`.")] = None,
    handler: Annotated[
        str | None, Query(description="The handler, as in `spec.handler`.", pattern=HANDLER_PATTERN)
    ] = None,
    debug: Annotated[bool, Query(description="Add debugpy to the environment.")] = False,
) -> Response:
    """Build a zip of a folder, one Python file, or the `spec.source` of a function, as JSON.

    With `Accept: application/x-ndjson` every event is sent as it happens; the last one is the
    result. Disconnecting cancels the build.
    """
    accept = negotiate(request, [JSON, NDJSON])
    options = BuildOptions(name=name, runtime=runtime, handler=handler, debug=debug)
    upload = Upload(request)
    content, kind = await _open(request, upload)
    events = _counted(
        services.builds.build_upload(content, kind, options), request.app.state.metrics
    )
    if accept == JSON:
        response = build_response(events, call_id_of(request.scope))
        return await while_connected(request.receive, response, upload.received)
    # a rejected upload gets an error status, so wait for the first event before the stream starts
    first = await while_connected(request.receive, first_event(events), upload.received)
    return LiveResponse(
        event_lines(first, events),
        NDJSON,
        heartbeat=b"\n",
        lifetime=settings.stream_limit,
        closing=services.closing,
        received=upload.received,
    )


async def _open(request: Request, upload: Upload) -> tuple[AsyncIterator[bytes], UploadKind]:
    if media_type(request) != JSON:
        return await upload.open()
    # a source as JSON is validated here: its errors name the fields
    source = await read_document(request, Source)
    upload.received.set()
    return _single(json.dumps(source.document()).encode()), "source"


async def _single(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _counted(
    events: AsyncGenerator[BuildEvent, None], metrics: Metrics
) -> AsyncGenerator[BuildEvent, None]:
    result = "failed"
    try:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Finished):
                    result = "unchanged" if event.unchanged else "finished"
                yield event
    finally:
        metrics.builds[result] += 1
