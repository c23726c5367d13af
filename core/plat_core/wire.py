"""Documents that travel between the platform's own services: what a controller tells gateways.

They stand above the ports and below whoever speaks them; no I/O here.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from plat_core.model.names import FunctionRef
from plat_core.ports import Route

WATCH_PATH = "/watch"


class RouteLine(BaseModel):
    """One line of the controller's watch: exactly one of the three is there.

    `present` comes first on each connection: all functions that there are, so that a gateway that
    was away knows which ones went.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    present: tuple[FunctionRef, ...] | None = None
    route: Route | None = None
    removed: FunctionRef | None = None


class Demand(BaseModel):
    """How many replicas the load asks for; it is clamped to the function's bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    replicas: Annotated[int, Field(ge=0, le=1000, strict=True)]
