"""Asynchronous calls: their state, and the responses of functions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from plat_core.errors import NotSupported
from plat_core.model.calls import CallQuery, CallResponse, CallState
from plat_core.model.names import Name
from plat_core.services.async_calls import AsyncCalls
from plat_http.json_documents import json_response
from plat_http.openapi import problems
from plat_http.parameters import parse_seconds
from plat_http.streams import while_connected
from starlette.responses import Response

from plat_gateway.proxy.async_queue import NO_DATABASE, NO_DATABASE_FIX
from plat_gateway.routes.calldocuments import CallList, CallView
from plat_gateway.routes.inputs import ServicesParam, Settings

router = APIRouter(tags=["calls"], responses=problems(422, 501))

LIST_MAX = 1000
CallId = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="The id that `/async-function/` returned.",
        examples=["019ac5f0c4d37f2e9ab1c0000000002a"],
    ),
]
_BODY_HEADERS = frozenset({"content-type", "content-encoding", "content-language"})
"""Headers of the function that describe its body."""
_ISOLATION_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Content-Disposition": "attachment",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Keep a browser from rendering the function's body as a page of the platform's origin."""
RESULT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The body of the function's response, whatever its status.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "X-Call-Status": {
                "description": "The status of the function's response.",
                "schema": {"type": "integer"},
            },
            "X-Call-Truncated": {
                "description": "`true` if the response exceeded the limit of stored results.",
                "schema": {"type": "string", "enum": ["true"]},
            },
        },
    },
    **problems(404, 409),
}


async def _calls(services: ServicesParam) -> AsyncCalls:
    if services.calls is None:
        raise NotSupported(NO_DATABASE, fix=NO_DATABASE_FIX)
    return services.calls


CallsParam = Annotated[AsyncCalls, Depends(_calls)]


@router.get("/calls", response_model=CallList)
async def list_calls(
    calls: CallsParam,
    function: Annotated[Name | None, Query(description="Calls of this function only.")] = None,
    namespace: Annotated[
        Name | None, Query(description="One namespace only (default: all).")
    ] = None,
    state: Annotated[CallState | None, Query(description="Calls in this state only.")] = None,
    limit: Annotated[int, Query(ge=1, le=LIST_MAX, description="Maximum number of calls.")] = 100,
) -> Response:
    """List asynchronous calls, newest first. Finished calls are deleted after their retention."""
    found = await calls.list(CallQuery(function, namespace, state, limit))
    return json_response(CallList(items=tuple(map(CallView.of, found))))


@router.get("/calls/{call_id}", response_model=CallView, responses=problems(404))
async def get_call(
    request: Request,
    call_id: CallId,
    calls: CallsParam,
    settings: Settings,
    wait: Annotated[
        str | None,
        Query(
            max_length=32,
            description="Time to wait for the call to finish, such as `30s`.",
        ),
    ] = None,
) -> Response:
    """Read the state of an asynchronous call."""
    within = 0.0 if wait is None else parse_seconds(wait, field="wait", limit=settings.wait_limit)
    call = await while_connected(request.receive, calls.get(call_id, within=within))
    return json_response(CallView.of(call))


@router.get("/calls/{call_id}/result", response_class=Response, responses=RESULT)
async def read_result(call_id: CallId, calls: CallsParam) -> Response:
    """Read the response of the function: its body and media type.

    The status is 409 until the call has finished, and 404 if it ended without a response.
    """
    return _result(await calls.result(call_id))


@router.delete("/calls/{call_id}", response_model=CallView, responses=problems(404, 409))
async def cancel_call(call_id: CallId, calls: CallsParam) -> Response:
    """Cancel a queued call. A running call cannot be cancelled."""
    return json_response(CallView.of(await calls.cancel(call_id)))


def _result(found: CallResponse) -> Response:
    response = Response(
        found.body, headers={"X-Call-Status": str(found.status), **_ISOLATION_HEADERS}
    )
    if found.truncated:
        response.headers["X-Call-Truncated"] = "true"
    for name, value in found.headers:
        if name.lower() in _BODY_HEADERS:
            response.headers.append(name, value)
    if "content-type" not in response.headers:
        response.headers["Content-Type"] = "application/octet-stream"
    return response
