"""Changes of functions as server-sent events, which the console uses."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Query, Request
from plat_core.model.names import Name
from plat_core.services.functions import FunctionEvent, Functions
from plat_http.json_documents import json_line, negotiate
from plat_http.openapi import problems, stream_of
from plat_http.streams import LiveResponse
from starlette.responses import Response

from plat_gateway.routes.inputs import ServicesParam, Settings

router = APIRouter(tags=["functions"])

SSE = "text/event-stream"
HEARTBEAT = b": heartbeat\n\n"
EVENT_SCHEMA = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string", "enum": ["created", "changed", "deleted"]},
        "id": {"type": "string", "description": "The function's resourceVersion."},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/Function"},
        },
    },
}


@router.get(
    "/events",
    response_class=Response,
    responses={
        200: stream_of(
            SSE,
            "Events `created`, `changed` and `deleted`, with the Function as data. It starts with "
            "a `created` event for every function. It ends after an hour: reconnect then.",
            EVENT_SCHEMA,
        ),
        **problems(406, 422),
    },
)
async def watch_functions(
    request: Request,
    services: ServicesParam,
    settings: Settings,
    namespace: Annotated[
        Name | None, Query(description="One namespace only (default: all).")
    ] = None,
) -> Response:
    """Stream every change of a function."""
    negotiate(request, [SSE])
    return LiveResponse(
        _events(services.functions, namespace),
        SSE,
        heartbeat=HEARTBEAT,
        lifetime=settings.stream_limit,
        closing=services.closing,
    )


async def _events(functions: Functions, namespace: str | None) -> AsyncGenerator[bytes, None]:
    # the response head is sent with the first bytes: let the client see at once that it connected
    yield HEARTBEAT
    async with aclosing(functions.events(namespace)) as events:
        async for event in events:
            yield _render(event)


def _render(event: FunctionEvent) -> bytes:
    version = event.function.metadata.resource_version or ""
    head = f"event: {event.kind}\nid: {version}\ndata: ".encode()
    return head + json_line(event.function) + b"\n\n"
