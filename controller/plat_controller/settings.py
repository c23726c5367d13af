"""The controller's settings: those of every service with an API, and where containers run."""

from __future__ import annotations

from typing import Annotated

from plat_core.model.quantities import Memory, memory_bytes
from plat_gateway.settings import GatewaySettings
from pydantic import Field

NAME = r"^[a-z0-9][a-z0-9-]{0,30}$"


class ControllerSettings(GatewaySettings):
    """What an operator may set; see `docs/reference/settings.md`."""

    port: Annotated[int, Field(alias="PLAT_PORT", ge=0, le=65535)] = 8081
    instance: Annotated[str, Field(alias="PLAT_INSTANCE", pattern=NAME)] = "plat"
    network: Annotated[str, Field(alias="PLAT_FUNCTIONS_NETWORK", min_length=1)] = "plat-functions"
    memory: Annotated[Memory, Field(alias="PLAT_FUNCTION_MEMORY")] = "512Mi"
    paused: Annotated[int, Field(alias="PLAT_PAUSED_REPLICAS", ge=0, le=1000)] = 16
    gateway_url: Annotated[str, Field(alias="API_URL")] = "http://localhost:8080"

    @property
    def database_url(self) -> str:
        """DATABASE_URL, or a file in PLAT_HOME."""
        return self.database or f"sqlite:///{self.home.absolute() / 'plat.db'}"

    @property
    def memory_bytes(self) -> int:
        """The limit of a function that names none."""
        return memory_bytes(self.memory)
