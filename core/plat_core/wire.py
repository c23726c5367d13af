"""Documents that travel between the platform's own services: what a controller tells gateways, and
what gateways tell each other.

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


Count = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
Amount = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False, strict=True)]


class ClaimLine(BaseModel):
    """What a gateway has and wants of a function: see `plat_core.services.shares.Claim`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    demand: Count = 0
    held: dict[str, Count] = {}
    busy: dict[str, Count] = {}


class LoadLine(BaseModel):
    """What a gateway saw of a function since it last said so; `idle`: seconds without a call."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    concurrency: Amount
    in_flight: Count
    waiting: Count
    idle: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False, strict=True)]


class PeerMessage(BaseModel):
    """One line between two gateways; functions are named by their path segments.

    `limits` are for the receiver: from now on it uses so many slots of each replica. They are
    numbered by `sent`, and `seen` is the number of the last ones that the sender has taken in.
    `claims` are those that changed, `loads` all there are (None: not told this time).
    `leaving`: it stops, and decides no more. `asks`: say when these functions can be called at the
    receiver, which is what `knows` does.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    sent: Annotated[int, Field(ge=0, strict=True)] = 0
    seen: Annotated[int, Field(ge=0, strict=True)] = 0
    leaving: bool = False
    claims: dict[str, ClaimLine] = {}
    loads: dict[str, LoadLine] | None = None
    limits: dict[str, dict[str, Count]] = {}
    asks: tuple[str, ...] = ()
    knows: tuple[str, ...] = ()
