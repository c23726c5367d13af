"""The Metadata Service's settings: those of every service with an API."""

from __future__ import annotations

from typing import Annotated

from plat_gateway.settings import GatewaySettings
from pydantic import Field


class MetadataSettings(GatewaySettings):
    """What an operator may set; see `docs/reference/settings.md`."""

    port: Annotated[int, Field(alias="PLAT_PORT", ge=0, le=65535)] = 8083
    gateway_url: Annotated[str, Field(alias="API_URL")] = "http://localhost:8080"
