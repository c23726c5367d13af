"""The ports of the data path: where functions serve, and how many replicas they need."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, Protocol

from plat_core.model.function import Access, Function
from plat_core.model.names import FunctionRef
from plat_core.ports.workloads import Endpoint

RouteState = Literal["ready", "asleep", "starting", "suspended", "failed"]


@dataclass(frozen=True, slots=True)
class Route:
    """Everything that the data path needs to serve a function, read without waiting.

    `failed`: no replica becomes ready, and `reason` and `message` say why; a call still tries to
    wake the function. `pauses`: when asleep, a replica is frozen together with a call that has just
    reached it.
    """

    ref: FunctionRef
    revision: str
    state: RouteState
    endpoints: tuple[Endpoint, ...]
    timeout: float
    concurrency: int
    access: Access
    min: int
    max: int
    target: float
    idle: float
    forward_authorization: bool
    reason: str
    message: str
    pauses: bool


def build_route(
    function: Function,
    *,
    revision: str,
    state: RouteState,
    endpoints: tuple[Endpoint, ...],
    reason: str,
    message: str,
    can_pause: bool,
) -> Route:
    """Return the route of a function whose ready replicas serve at `endpoints`.

    `revision` is the name of the revision that serves. `reason` and `message` explain the states
    `failed` and `suspended`. `can_pause`: the backend supports paused replicas.
    """
    spec = function.spec
    low, high = spec.bounds
    unavailable = state in ("failed", "suspended")
    return Route(
        ref=function.ref,
        revision=revision,
        state=state,
        endpoints=endpoints if state == "ready" else (),
        timeout=spec.timeout_seconds,
        concurrency=spec.concurrency,
        access=spec.access,
        min=low,
        max=high,
        target=spec.target_concurrency,
        idle=spec.idle_seconds,
        forward_authorization=spec.forward_authorization,
        reason=reason if unavailable else "",
        message=message if unavailable else "",
        pauses=can_pause and spec.scale.when_idle == "pause",
    )


@dataclass(frozen=True, slots=True)
class RouteRemoved:
    """The function was deleted."""

    ref: FunctionRef


class Resolver(Protocol):
    """Resolves functions to the endpoints that serve them."""

    def watch(self) -> AsyncGenerator[Route | RouteRemoved, None]:
        """Yield every route, then each change. Changes of one function may be merged."""
        ...


class Scaler(Protocol):
    """Scales a function to its load. The autoscaler and the activator call it."""

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        """Request `replicas` within the function's bounds; return before they run.

        Idempotent. Raises FunctionNotFound.
        """
        ...
