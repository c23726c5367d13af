"""The controller's settings: those of the management API, and the Docker setup."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from plat_core.model.quantities import Memory, memory_bytes
from plat_gateway.settings import ApiSettings
from plat_http.settings import Port
from platformdirs import user_state_path
from pydantic import Field

INSTANCE = r"^[a-z0-9][a-z0-9-]{0,30}$"


class ControllerSettings(ApiSettings):
    """Settings of the Function Controller; see `docs/reference/settings.md`."""

    port: Annotated[Port, Field(alias="PLAT_PORT")] = 8081
    home: Annotated[Path, Field(alias="PLAT_HOME")] = Field(
        default_factory=lambda: user_state_path("plat")
    )
    database: Annotated[str | None, Field(alias="DATABASE_URL", repr=False)] = None
    instance: Annotated[str, Field(alias="PLAT_INSTANCE", pattern=INSTANCE)] = "plat"
    network: Annotated[str, Field(alias="PLAT_FUNCTIONS_NETWORK", min_length=1)] = "plat-functions"
    memory: Annotated[Memory, Field(alias="PLAT_FUNCTION_MEMORY")] = "512Mi"
    paused: Annotated[int, Field(alias="PLAT_PAUSED_REPLICAS", ge=0, le=1000)] = 16
    gateway_url: Annotated[str, Field(alias="API_URL")] = "http://localhost:8080"

    @property
    def database_url(self) -> str:
        """URL of the database: DATABASE_URL, or a file in PLAT_HOME."""
        return self.database or f"sqlite:///{self.home.absolute() / 'plat.db'}"

    @property
    def memory_bytes(self) -> int:
        """Memory limit of a function that sets none."""
        return memory_bytes(self.memory)
