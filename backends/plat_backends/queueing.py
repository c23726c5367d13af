"""What every `CallStore` says in the same words: its refusals. No I/O."""

from __future__ import annotations

from plat_core.errors import CallNotFound, Conflict, Overloaded
from plat_core.fix import Fix
from plat_core.model.calls import OVER, Call, CallRequest, QueueBound

RETRY_AFTER = 5.0
"""Seconds after which a queue that was full is worth another try."""


def missing(call_id: str) -> CallNotFound:
    """No call of that id."""
    return CallNotFound(
        f"there is no asynchronous call {call_id}, or its time is over", fix=Fix("list-calls")
    )


def check_room(call: Call, request: CallRequest, bound: QueueBound, calls: int, size: int) -> None:
    """Raise Overloaded where the function has no room beside so many calls of so many bytes.

    Where nothing else waits, any request has room: its own size is bounded elsewhere.
    """
    if calls >= bound.calls:
        told = f"{calls} asynchronous calls of {call.ref} wait or run"
    elif calls and size + request.size > bound.size:
        told = f"asynchronous calls of {call.ref} that wait or run have {size} bytes"
    else:
        return
    raise Overloaded(
        f"{told}, and more are not taken",
        fix=Fix("list-calls-of-function", {"name": call.ref.name}),
        retry_after=RETRY_AFTER,
    )


def taken(call_id: str) -> Conflict:
    """There is a call of that id already."""
    return Conflict(f"there is an asynchronous call {call_id} already", fix="send it again")


def not_waiting(call: Call) -> Conflict:
    """Only a call that waits can be cancelled."""
    if call.state in OVER:
        return Conflict(
            f"the call {call.id} is over: it {_ENDS[call.state]}", fix=Fix("list-calls")
        )
    return Conflict(
        f"the call {call.id} is at the function, which cannot be told to stop",
        fix=Fix("show-call", {"id": call.id}),
    )


_ENDS = {"succeeded": "succeeded", "failed": "failed", "cancelled": "was cancelled"}
