"""What runs here, and what functions can be written in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from plat_http.json_documents import json_response
from starlette.requests import Request
from starlette.responses import Response

from plat_gateway.routes.documents import RuntimeList, RuntimeView, SystemInfo
from plat_gateway.routes.inputs import Settings
from plat_gateway.services import Services, services_of

router = APIRouter(tags=["system"])

Parts = Annotated[Services, Depends(services_of)]


@router.get("/runtimes", response_model=RuntimeList)
async def list_runtimes(services: Parts) -> Response:
    """List the runtimes that functions can be written for."""
    views = [
        RuntimeView(
            name=runtime.name,
            language=runtime.language,
            description=runtime.description,
            handler=runtime.handler,
            template=runtime.template,
        )
        for runtime in services.runtimes()
    ]
    return json_response(RuntimeList(items=tuple(views)))


@router.get("/system/info", response_model=SystemInfo)
async def get_system_info(request: Request, services: Parts, settings: Settings) -> Response:
    """Tell version, backend, uptime, and what the token may do."""
    return json_response(
        SystemInfo(
            version=services.version,
            backend=services.backend,
            url=settings.url,
            functions=len(await services.functions.list()),
            started=services.started,
            uptime=(datetime.now(UTC) - services.started).total_seconds(),
            dev=settings.is_dev,
            role=request.state.role,
        )
    )
