"""What is said of a call when it is over: to the log, and to the caller where it failed."""

from __future__ import annotations

from dataclasses import dataclass

from plat_core.errors import BadFunctionAnswer, CallTimedOut, PlatError
from plat_core.fix import Fix
from plat_core.model.names import FunctionRef
from plat_core.ports import Route


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What the access log says of a call; `status` 499 is a caller that left."""

    ref: FunctionRef
    call_id: str
    method: str
    target: str
    status: int
    seconds: float
    address: str


def timed_out(route: Route) -> PlatError:
    """The function did not answer in time."""
    return CallTimedOut(
        f"The function {route.ref} did not answer within its timeout of {route.timeout:g} s.",
        fix=Fix("raise-timeout", {"name": route.ref.name}),
    )


def bad_answer(route: Route, why: str) -> PlatError:
    """The function's answer is none."""
    return BadFunctionAnswer(
        f"The function {route.ref} failed: {why}.", fix=Fix("read-logs", {"name": route.ref.name})
    )
