"""Asynchronous calls: what became of them, and what the function answered."""

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
from plat_gateway.routes.inputs import Settings
from plat_gateway.services import Services, services_of

router = APIRouter(tags=["calls"], responses=problems(422, 501))

LIST_MAX = 1000
CallId = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="The id that `/async-function/` answered.",
        examples=["019ac5f0c4d37f2e9ab1c0000000002a"],
    ),
]
_KEPT = frozenset({"content-type", "content-encoding", "content-language"})
"""What of the function's headers says how its body is to be read."""
_UNSEEN = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Content-Disposition": "attachment",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What the function wrote is data here: no browser is to show it as a page of the platform's."""
RESULT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The body that the function answered, whatever its status was.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "X-Call-Status": {
                "description": "The status that the function answered.",
                "schema": {"type": "integer"},
            },
            "X-Call-Truncated": {
                "description": "`true` where the function answered more than is kept.",
                "schema": {"type": "string", "enum": ["true"]},
            },
        },
    },
    **problems(404, 409),
}


async def _calls(services: Annotated[Services, Depends(services_of)]) -> AsyncCalls:
    if services.calls is None:
        raise NotSupported(NO_DATABASE, fix=NO_DATABASE_FIX)
    return services.calls


Verbs = Annotated[AsyncCalls, Depends(_calls)]


@router.get("/calls", response_model=CallList)
async def list_calls(
    calls: Verbs,
    function: Annotated[Name | None, Query(description="Of this function.")] = None,
    namespace: Annotated[
        Name | None, Query(description="Of this namespace; of all, where it is left out.")
    ] = None,
    state: Annotated[CallState | None, Query(description="In this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=LIST_MAX, description="At most so many.")] = 100,
) -> Response:
    """List asynchronous calls, the newest first; those that are over are kept for a time."""
    found = await calls.list(CallQuery(function, namespace, state, limit))
    return json_response(CallList(items=tuple(map(CallView.of, found))))


@router.get("/calls/{call_id}", response_model=CallView, responses=problems(404))
async def get_call(
    request: Request,
    call_id: CallId,
    calls: Verbs,
    settings: Settings,
    wait: Annotated[
        str | None,
        Query(
            max_length=32,
            description="A time such as `30s`: the answer waits so long for the call to be over.",
        ),
    ] = None,
) -> Response:
    """Read where an asynchronous call stands."""
    within = 0.0 if wait is None else parse_seconds(wait, field="wait", limit=settings.wait_limit)
    call = await while_connected(request.receive, calls.get(call_id, within=within))
    return json_response(CallView.of(call))


@router.get("/calls/{call_id}/result", response_class=Response, responses=RESULT)
async def read_result(call_id: CallId, calls: Verbs) -> Response:
    """Read what the function answered: its body and media type, as data.

    409 while the call waits or runs; 404 where the function gave no answer.
    """
    return _result(await calls.result(call_id))


@router.delete("/calls/{call_id}", response_model=CallView, responses=problems(404, 409))
async def cancel_call(call_id: CallId, calls: Verbs) -> Response:
    """Cancel a call that waits. One that is at the function cannot be taken back."""
    return json_response(CallView.of(await calls.cancel(call_id)))


def _result(found: CallResponse) -> Response:
    response = Response(found.body, headers={"X-Call-Status": str(found.status), **_UNSEEN})
    if found.truncated:
        response.headers["X-Call-Truncated"] = "true"
    for name, value in found.headers:
        if name.lower() in _KEPT:
            response.headers.append(name, value)
    if "content-type" not in response.headers:
        response.headers["Content-Type"] = "application/octet-stream"
    return response
