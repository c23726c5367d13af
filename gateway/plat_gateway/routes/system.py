"""The running platform, and its runtimes."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter
from plat_http.json_documents import json_response
from starlette.requests import Request
from starlette.responses import Response

from plat_gateway.routes.documents import RuntimeList, RuntimeView, SystemInfo
from plat_gateway.routes.inputs import ServicesParam, Settings

router = APIRouter(tags=["system"])


@router.get("/runtimes", response_model=RuntimeList)
async def list_runtimes(services: ServicesParam) -> Response:
    """List the runtimes that functions can use."""
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
async def get_system_info(
    request: Request, services: ServicesParam, settings: Settings
) -> Response:
    """Return version, backend, uptime, and the role of the token."""
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
