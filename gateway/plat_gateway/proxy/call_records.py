"""The access log's record of a call, and the errors of a call that failed."""

from __future__ import annotations

from dataclasses import dataclass

from plat_core.errors import BadFunctionAnswer, CallTimedOut, PlatError
from plat_core.fix import Fix
from plat_core.model.names import FunctionRef
from plat_core.ports import Route

from plat_gateway.proxy.protocols import FunctionRequest


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A finished call. `status` is 499 if the client disconnected."""

    ref: FunctionRef
    call_id: str
    method: str
    target: str
    status: int
    seconds: float
    address: str


def record_of(route: Route, request: FunctionRequest, status: int, duration: float) -> CallRecord:
    """Return the record of a finished call."""
    return CallRecord(
        ref=route.ref,
        call_id=request.call_id.decode(),
        method=request.method.decode(),
        target=request.target.decode("latin-1"),
        status=status,
        seconds=duration,
        address=request.client_address,
    )


def timed_out(route: Route) -> PlatError:
    """Return the error for a response that did not begin in time."""
    return CallTimedOut(
        f"The function {route.ref} did not respond within its timeout of {route.timeout:g} s.",
        fix=Fix("raise-timeout", {"name": route.ref.name}),
    )


def bad_response(route: Route, reason: str) -> PlatError:
    """Return the error for a missing or invalid response."""
    return BadFunctionAnswer(
        f"The function {route.ref} failed: {reason}.",
        fix=Fix("read-logs", {"name": route.ref.name}),
    )
