"""The rules of `CallStore`: the capacity of a queue, and the errors. No I/O."""

from __future__ import annotations

from plat_core.errors import CallNotFound, Conflict, Overloaded
from plat_core.fix import Fix
from plat_core.model.calls import OVER, Call, CallRequest, QueueBound

RETRY_AFTER = 5.0
"""Time (s) after which a client may retry when the queue is full."""


def call_not_found(call_id: str) -> CallNotFound:
    """Return the error for an unknown or expired call."""
    return CallNotFound(
        f"there is no asynchronous call {call_id}, or its retention has ended",
        fix=Fix("list-calls"),
    )


def check_capacity(
    call: Call, request: CallRequest, bound: QueueBound, calls: int, size: int
) -> None:
    """Raise Overloaded if the function already has too many `calls`, or bytes of requests.

    An empty queue accepts any request: the size of one request is limited elsewhere.
    """
    if calls >= bound.calls:
        load = f"{calls} asynchronous calls of {call.ref} wait or run"
    elif calls and size + request.size > bound.size:
        load = f"asynchronous calls of {call.ref} that wait or run have {size} bytes"
    else:
        return
    raise Overloaded(
        f"{load}, and no more are accepted",
        fix=Fix("list-calls-of-function", {"name": call.ref.name}),
        retry_after=RETRY_AFTER,
    )


def duplicate_call(call_id: str) -> Conflict:
    """Return the error for a call id that is in use."""
    return Conflict(f"an asynchronous call {call_id} already exists", fix="send it again")


def cannot_cancel(call: Call) -> Conflict:
    """Return the error for a call that is not queued any more."""
    if call.state in OVER:
        return Conflict(
            f"the call {call.id} is over: it {_ENDS[call.state]}", fix=Fix("list-calls")
        )
    return Conflict(
        f"the call {call.id} is running, and a running call cannot be cancelled",
        fix=Fix("show-call", {"id": call.id}),
    )


_ENDS = {"succeeded": "succeeded", "failed": "failed", "cancelled": "was cancelled"}
