"""The documented flat form of a deploy."""

from __future__ import annotations

from fastapi import APIRouter, Request
from plat_core.model.function import Function
from plat_http.openapi import json_body, problems
from starlette.responses import Response

from plat_gateway.routes.documents import Registration
from plat_gateway.routes.functions import STORED, Parts, put_answer
from plat_gateway.routes.inputs import read_document

router = APIRouter(tags=["functions"], responses=problems(422))

EXAMPLE = {
    "name": "orders",
    "image": "localhost:5001/orders:1.0",
    "env": {"LOG_LEVEL": "info"},
    "timeout": "30s",
}


@router.post(
    "/register",
    response_model=Function,
    responses=STORED,
    openapi_extra=json_body(Registration, EXAMPLE),
)
async def register_function(request: Request, services: Parts) -> Response:
    """Create or replace a function, with the fields of its spec beside its name.

    `env` may be a map. The same as `PUT /functions/{name}`.
    """
    registration = await read_document(request, Registration)
    return await put_answer(await services.functions.put(registration.function()), services)
