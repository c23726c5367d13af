"""Functions: deploy, read, list, delete, scale, start and stop."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from plat_core.errors import NotSupported
from plat_core.model.base import Model
from plat_core.model.function import Function
from plat_core.model.names import Name
from plat_core.services.functions import Functions, PutResult, ScaleChange
from plat_http.json_documents import json_response
from plat_http.openapi import json_body, problems
from plat_http.parameters import Ref, parse_seconds
from plat_http.streams import while_connected
from pydantic import StringConstraints
from starlette.responses import Response

from plat_gateway.routes.documents import (
    FunctionDocument,
    FunctionList,
    ReplicaList,
    ReplicaView,
    RevisionList,
    RevisionView,
)
from plat_gateway.routes.inputs import ServicesParam, Settings, read_document
from plat_gateway.services import Services

router = APIRouter(tags=["functions"], responses=problems(422))


async def _functions(services: ServicesParam) -> Functions:
    return services.functions


FunctionsParam = Annotated[Functions, Depends(_functions)]

EXAMPLE: dict[str, Any] = {
    "spec": {
        "image": "embedded/orders@sha256:" + "0" * 64,
        "runtime": "python",
        "handler": "app:handler",
        "timeout": "30s",
        "env": [{"name": "LOG_LEVEL", "value": "info"}],
        "scale": {"min": 0, "max": 5, "idle": "60s"},
    }
}
STORED: dict[int | str, dict[str, Any]] = {
    200: {
        "model": Function,
        "description": "Stored; the function existed before.",
        "headers": {
            "X-Plat-Unchanged": {
                "description": "`true` if the stored function is the same.",
                "schema": {"type": "string", "enum": ["true"]},
            }
        },
    },
    201: {"model": Function, "description": "Created."},
    **problems(409, 415),
}


class Notice(Model):
    """An error in the source that is being edited; an empty text removes it."""

    text: Annotated[str, StringConstraints(max_length=4096)] = ""


async def put_response(put: PutResult, services: Services) -> Response:
    """Return 201 for a new function once it can be called, and 200 for an existing one."""
    if put.outcome == "created":
        await services.routed(put.function.ref)
    headers = {"X-Plat-Unchanged": "true"} if put.outcome == "unchanged" else {}
    return json_response(put.function, 201 if put.outcome == "created" else 200, headers)


@router.get("/functions", response_model=FunctionList)
async def list_functions(
    functions: FunctionsParam,
    namespace: Annotated[
        Name | None, Query(description="One namespace only (default: all).")
    ] = None,
) -> Response:
    """List functions by name, with their status."""
    return json_response(FunctionList(items=tuple(await functions.list(namespace))))


@router.put(
    "/functions/{name}",
    response_model=Function,
    responses=STORED,
    openapi_extra=json_body(FunctionDocument, EXAMPLE),
)
async def put_function(request: Request, ref: Ref, services: ServicesParam) -> Response:
    """Create or replace a function.

    Only `spec` is required. The response does not wait for replicas: poll until
    `status.observedGeneration` equals `metadata.generation` and the condition `Ready` is true.
    """
    document = await read_document(request, FunctionDocument)
    return await put_response(await services.functions.put(document.function(ref)), services)


@router.get("/functions/{name}", response_model=Function, responses=problems(404))
async def get_function(
    request: Request,
    ref: Ref,
    functions: FunctionsParam,
    settings: Settings,
    wait: Annotated[
        str | None,
        Query(
            description="Time to wait for a change from `resourceVersion`.",
            examples=["10s"],
            pattern=r"^[0-9]{1,4}(ms|s|m)$",
        ),
    ] = None,
    resource_version: Annotated[
        str | None,
        Query(
            alias="resourceVersion",
            max_length=64,
            description="Version that the client has; the response waits for another one.",
        ),
    ] = None,
) -> Response:
    """Read a function with its status.

    With `wait` and `resourceVersion` the response is sent when the stored version differs, or
    unchanged after that time.
    """
    if wait is None or resource_version is None:
        return json_response(await functions.get(ref))
    within = parse_seconds(wait, field="wait", limit=settings.wait_limit)
    changed = functions.changed(ref, resource_version, within=within)
    return json_response(await while_connected(request.receive, changed))


@router.delete(
    "/functions/{name}", response_model=Function, status_code=202, responses=problems(404)
)
async def delete_function(ref: Ref, functions: FunctionsParam) -> Response:
    """Delete a function: calls are rejected at once, and it is removed after its replicas."""
    return json_response(await functions.delete(ref), 202)


@router.post("/functions/{name}/start", response_model=Function, responses=problems(404, 409))
async def start_function(ref: Ref, functions: FunctionsParam) -> Response:
    """Start a stopped function."""
    return json_response(await functions.start(ref))


@router.post("/functions/{name}/stop", response_model=Function, responses=problems(404, 409))
async def stop_function(ref: Ref, functions: FunctionsParam) -> Response:
    """Stop a function: its replicas stop, and calls get status 503."""
    return json_response(await functions.stop(ref))


@router.post("/functions/{name}/redeploy", response_model=Function, responses=problems(404, 409))
async def redeploy_function(ref: Ref, functions: FunctionsParam) -> Response:
    """Create a new revision from the same artifact, and replace the replicas one by one."""
    return json_response(await functions.redeploy(ref))


@router.post(
    "/functions/{name}/scale",
    response_model=Function,
    responses=problems(404, 409, 415),
    openapi_extra=json_body(ScaleChange, {"replicas": None, "min": 0, "max": 5, "idle": "30s"}),
)
async def scale_function(request: Request, ref: Ref, functions: FunctionsParam) -> Response:
    """Fix the number of replicas, or set the limits of autoscaling.

    Omitted fields keep their values; `"replicas": null` returns to autoscaling.
    """
    return json_response(await functions.scale(ref, await read_document(request, ScaleChange)))


@router.get("/functions/{name}/replicas", response_model=ReplicaList, responses=problems(404))
async def list_replicas(ref: Ref, functions: FunctionsParam) -> Response:
    """List the replicas of a function."""
    views = [ReplicaView.of(ref, replica) for replica in await functions.replicas(ref)]
    return json_response(ReplicaList(items=tuple(views)))


@router.get("/functions/{name}/revisions", response_model=RevisionList, responses=problems(404))
async def list_revisions(ref: Ref, functions: FunctionsParam) -> Response:
    """List the revisions of a function, oldest first."""
    record = await functions.record(ref)
    views = [RevisionView.of(record, revision) for revision in record.revisions]
    return json_response(RevisionList(items=tuple(views)))


@router.put(
    "/functions/{name}/notice",
    status_code=204,
    responses=problems(404, 415, 501),
    openapi_extra=json_body(Notice, {"text": "app.py:3: SyntaxError: invalid syntax"}),
)
async def put_notice(request: Request, ref: Ref, services: ServicesParam) -> Response:
    """Show an error in the responses of the function; development only."""
    notice = await read_document(request, Notice)
    await services.functions.record(ref)
    if services.notices is None:
        raise NotSupported("notices are available in development only", fix="set PLAT_DEV=1")
    services.notices.put(ref, notice.text)
    return Response(status_code=204)
