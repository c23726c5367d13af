"""Messages between the platform's services: from the controller to gateways, and between gateways.

The previous release sends and receives the same messages, so field names stay. No I/O here.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from plat_core.model.names import FunctionRef
from plat_core.ports import Route

WATCH_PATH = "/watch"


class RouteLine(BaseModel):
    """One line of the controller's watch, with exactly one of the three fields.

    Each connection starts with `present`, the list of all functions, so that a gateway removes
    those that were deleted while it was disconnected.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    present: tuple[FunctionRef, ...] | None = None
    route: Route | None = None
    removed: FunctionRef | None = None


class Demand(BaseModel):
    """The replicas that the load requires; limited to the function's bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    replicas: Annotated[int, Field(ge=0, le=1000, strict=True)]


Count = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
Amount = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False, strict=True)]


class ClaimLine(BaseModel):
    """What a gateway needs and holds of a function, as `slot_allocation.SlotClaim` describes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    demand: Count = 0
    held: dict[str, Count] = {}
    busy: dict[str, Count] = {}


class LoadLine(BaseModel):
    """The load of a function since the last message; `idle`: seconds since the last call."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    concurrency: Amount
    in_flight: Count
    waiting: Count
    idle: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False, strict=True)]


class PeerMessage(BaseModel):
    """One line between two gateways; functions are named by their path segments.

    `limits` grants the receiver slots of each replica, numbered by `sent`. `seen` acknowledges the
    last grants that the sender received. `claims` are the changed ones; `loads` are all, or None if
    the message has none. `leaving`: the sender stops and owns no functions. `asks` requests a
    message once the receiver can call these functions; `knows` is that message.
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
