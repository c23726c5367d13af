"""Changes of functions as server-sent events, for the console."""

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

from plat_gateway.routes.functions import Parts
from plat_gateway.routes.inputs import Settings

router = APIRouter(tags=["functions"])

SSE = "text/event-stream"
HEARTBEAT = b": still here\n\n"
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
            "Events `created`, `changed` and `deleted`, each with the Function as its data. Every "
            "function there is comes first, as `created`. The stream ends after an hour: connect "
            "again.",
            EVENT_SCHEMA,
        ),
        **problems(406, 422),
    },
)
async def watch_functions(
    request: Request,
    services: Parts,
    settings: Settings,
    namespace: Annotated[
        Name | None, Query(description="Of this namespace; of all, where it is left out.")
    ] = None,
) -> Response:
    """Hear of every change of a function."""
    negotiate(request, [SSE])
    return LiveResponse(
        _events(services.functions, namespace),
        SSE,
        heartbeat=HEARTBEAT,
        lifetime=settings.stream_limit,
        closing=services.closing,
    )


async def _events(functions: Functions, namespace: str | None) -> AsyncGenerator[bytes, None]:
    # the head of an answer goes out with its first bytes: who connects hears at once that it worked
    yield HEARTBEAT
    async with aclosing(functions.events(namespace)) as events:
        async for event in events:
            yield _rendered(event)


def _rendered(event: FunctionEvent) -> bytes:
    version = event.function.metadata.resource_version or ""
    head = f"event: {event.kind}\nid: {version}\ndata: ".encode()
    return head + json_line(event.function) + b"\n\n"
