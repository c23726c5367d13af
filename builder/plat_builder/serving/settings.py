"""The settings of the builder as a service; `plat_builder.settings` has those of its builds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from plat_http.settings import ServiceSettings
from platformdirs import user_state_path
from pydantic import AfterValidator, Field


class BuilderSettings(ServiceSettings):
    """Settings of the builder; see `docs/reference/settings.md`."""

    port: Annotated[int, Field(alias="PLAT_PORT", ge=1, le=65_535)] = 8082
    home: Annotated[Path, Field(alias="PLAT_HOME"), AfterValidator(Path.absolute)] = Field(
        default_factory=lambda: user_state_path("plat") / "builder"
    )
    engine: Annotated[Literal["layers", "docker"], Field(alias="PLAT_BUILD_ENGINE")] = "layers"
