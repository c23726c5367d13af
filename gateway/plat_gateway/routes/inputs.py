"""Parameters of routes: services, settings, and JSON bodies within their limit."""

from __future__ import annotations

from typing import Annotated, TypeVar

from fastapi import Depends
from plat_http.json_documents import read_json
from pydantic import BaseModel
from starlette.requests import Request

from plat_gateway.services import Services, services_of
from plat_gateway.settings import ApiSettings

M = TypeVar("M", bound=BaseModel)


async def settings_of(request: Request) -> ApiSettings:
    """Return the settings of the application."""
    settings: ApiSettings = request.app.state.settings
    return settings


Settings = Annotated[ApiSettings, Depends(settings_of)]
ServicesParam = Annotated[Services, Depends(services_of)]


async def read_document(request: Request, model: type[M]) -> M:
    """Read the body as `model`; raise as `plat_http.json_documents.read_json` does."""
    settings = await settings_of(request)
    return await read_json(request, model, max_bytes=settings.json_limit)
