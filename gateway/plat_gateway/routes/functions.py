"""Functions: deploy, read, list, delete, and the verbs on them."""

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
from plat_gateway.routes.inputs import Settings, read_document
from plat_gateway.services import Services, services_of

router = APIRouter(tags=["functions"], responses=problems(422))


Parts = Annotated[Services, Depends(services_of)]


async def _functions(services: Parts) -> Functions:
    return services.functions


Verbs = Annotated[Functions, Depends(_functions)]

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
        "description": "Stored: changed, or not at all.",
        "headers": {
            "X-Plat-Unchanged": {
                "description": "`true` where the same was stored already.",
                "schema": {"type": "string", "enum": ["true"]},
            }
        },
    },
    201: {"model": Function, "description": "Created."},
    **problems(409, 415),
}


class Notice(Model):
    """What is wrong with the source that somebody is editing; empty: nothing any more."""

    text: Annotated[str, StringConstraints(max_length=4096)] = ""


async def put_answer(put: PutResult, services: Services) -> Response:
    """201 for a new function, as soon as it can be called; 200 for a known one."""
    if put.outcome == "created":
        await services.routed(put.function.ref)
    headers = {"X-Plat-Unchanged": "true"} if put.outcome == "unchanged" else {}
    return json_response(put.function, 201 if put.outcome == "created" else 200, headers)


@router.get("/functions", response_model=FunctionList)
async def list_functions(
    functions: Verbs,
    namespace: Annotated[
        Name | None, Query(description="Of this namespace; of all, where it is left out.")
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
async def put_function(request: Request, ref: Ref, services: Parts) -> Response:
    """Create or replace a function.

    Only `spec` need be sent. The answer comes before the function runs: wait for
    `status.observedGeneration` to reach `metadata.generation`, and for the condition `Ready`.
    """
    document = await read_document(request, FunctionDocument)
    return await put_answer(await services.functions.put(document.function(ref)), services)


@router.get("/functions/{name}", response_model=Function, responses=problems(404))
async def get_function(
    request: Request,
    ref: Ref,
    functions: Verbs,
    settings: Settings,
    wait: Annotated[
        str | None,
        Query(
            description="Wait so long for a change, with `resourceVersion`.",
            examples=["10s"],
            pattern=r"^[0-9]{1,4}(ms|s|m)$",
        ),
    ] = None,
    resource_version: Annotated[
        str | None,
        Query(
            alias="resourceVersion",
            max_length=64,
            description="The version that is known already: the answer waits for another one.",
        ),
    ] = None,
) -> Response:
    """Read a function with its status.

    With `wait` and `resourceVersion` the answer comes as soon as the stored version is another
    one, or with the same one when the time is over.
    """
    if wait is None or resource_version is None:
        return json_response(await functions.get(ref))
    within = parse_seconds(wait, field="wait", limit=settings.wait_limit)
    changed = functions.changed(ref, resource_version, within=within)
    return json_response(await while_connected(request.receive, changed))


@router.delete(
    "/functions/{name}", response_model=Function, status_code=202, responses=problems(404)
)
async def delete_function(ref: Ref, functions: Verbs) -> Response:
    """Delete a function: calls are refused at once, and it is gone when its replicas are."""
    return json_response(await functions.delete(ref), 202)


@router.post("/functions/{name}/start", response_model=Function, responses=problems(404, 409))
async def start_function(ref: Ref, functions: Verbs) -> Response:
    """Let a stopped function run again."""
    return json_response(await functions.start(ref))


@router.post("/functions/{name}/stop", response_model=Function, responses=problems(404, 409))
async def stop_function(ref: Ref, functions: Verbs) -> Response:
    """Stop a function: no replica runs, and calls are answered with 503."""
    return json_response(await functions.stop(ref))


@router.post("/functions/{name}/redeploy", response_model=Function, responses=problems(404, 409))
async def redeploy_function(ref: Ref, functions: Verbs) -> Response:
    """Make a new revision from the same artifact: its replicas are replaced, one by one."""
    return json_response(await functions.redeploy(ref))


@router.post(
    "/functions/{name}/scale",
    response_model=Function,
    responses=problems(404, 409, 415),
    openapi_extra=json_body(ScaleChange, {"replicas": None, "min": 0, "max": 5, "idle": "30s"}),
)
async def scale_function(request: Request, ref: Ref, functions: Verbs) -> Response:
    """Fix the number of replicas, or set the bounds of autoscaling.

    What is not sent stays as it is; `"replicas": null` ends a fixed number.
    """
    return json_response(await functions.scale(ref, await read_document(request, ScaleChange)))


@router.get("/functions/{name}/replicas", response_model=ReplicaList, responses=problems(404))
async def list_replicas(ref: Ref, functions: Verbs) -> Response:
    """List the replicas of a function as they are now."""
    views = [ReplicaView.of(ref, replica) for replica in await functions.replicas(ref)]
    return json_response(ReplicaList(items=tuple(views)))


@router.get("/functions/{name}/revisions", response_model=RevisionList, responses=problems(404))
async def list_revisions(ref: Ref, functions: Verbs) -> Response:
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
async def put_notice(request: Request, ref: Ref, services: Parts) -> Response:
    """Show a sentence in the function's answers, as `plat dev` does of a broken save."""
    notice = await read_document(request, Notice)
    await services.functions.record(ref)
    if services.notices is None:
        raise NotSupported("notices are for dev set-ups", fix="start it with PLAT_DEV=1")
    services.notices.put(ref, notice.text)
    return Response(status_code=204)
