"""Routes and status contexts for tests of the core and the data path."""

from dataclasses import replace
from datetime import UTC, datetime

from plat_core.model.names import FunctionRef
from plat_core.ports import Endpoint, Route
from plat_core.services.controller import StatusContext
from plat_http.fixes import describe

SLEEPING = Route(
    ref=FunctionRef("orders"),
    revision="orders-1",
    state="asleep",
    endpoints=(),
    timeout=30.0,
    concurrency=20,
    access="token",
    min=0,
    max=10,
    target=14.0,
    idle=60.0,
    forward_authorization=False,
    reason="",
    message="",
    pauses=False,
)


def make_route(name: str = "orders", *addresses: str, **changes: object) -> Route:
    """Return the route of a function with a ready replica at each address."""
    route = replace(
        SLEEPING,
        ref=FunctionRef(name),
        revision=f"{name}-1",
        state="ready" if addresses else "asleep",
        endpoints=tuple(Endpoint(f"{name}-1-{n}", a) for n, a in enumerate(addresses)),
    )
    return replace(route, **changes)  # type: ignore[arg-type]


def status_context(address: str) -> StatusContext:
    """Return the context of a controller whose functions are called at `address`."""
    return StatusContext(
        now=lambda: datetime.now(UTC),
        url=lambda ref: f"{address}/function/{ref.segment}",
        describe_fix=describe,
    )
