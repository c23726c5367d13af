"""Deployment of a function in flat form."""

from __future__ import annotations

from fastapi import APIRouter, Request
from plat_core.model.function import Function
from plat_http.openapi import json_body, problems
from starlette.responses import Response

from plat_gateway.routes.documents import Registration
from plat_gateway.routes.functions import STORED, put_response
from plat_gateway.routes.inputs import ServicesParam, read_document

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
async def register_function(request: Request, services: ServicesParam) -> Response:
    """Create or replace a function, given as one flat object.

    `env` may be an object. Otherwise the same as `PUT /functions/{name}`.
    """
    registration = await read_document(request, Registration)
    return await put_response(await services.functions.put(registration.function()), services)
