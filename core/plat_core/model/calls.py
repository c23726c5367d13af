"""Asynchronous calls: requests, states and results.

An asynchronous call is stored before its client receives the id. It is sent to the function at
least once, and its response is stored for a while.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, get_args

from plat_core.model.refs import FunctionRef

CallState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
"""`queued`: waits for its next attempt. `running`: was sent to the function. `succeeded`: the
function responded with a status below 400. `failed`: it responded with another status, or the call
was given up without a response."""

CALL_STATES: Final[tuple[CallState, ...]] = get_args(CallState)
OVER: Final[frozenset[CallState]] = frozenset({"succeeded", "failed", "cancelled"})
"""The final states."""

Headers = tuple[tuple[str, str], ...]
"""Header lines in order, each as name and value, decoded as Latin-1."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """The request for the function. `path` starts with `/` and includes the query, as received."""

    method: str
    path: str
    headers: Headers = ()
    body: bytes = b""

    @property
    def size(self) -> int:
        """Number of bytes, without separators."""
        return len(self.path) + len(self.body) + sum(len(n) + len(v) for n, v in self.headers)


@dataclass(frozen=True, slots=True)
class QueueBound:
    """The limit of unfinished calls of one function: their number, and bytes of requests."""

    calls: int
    size: int


@dataclass(frozen=True, slots=True)
class CallResponse:
    """The function's response; `truncated` if its body exceeded the limit."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class CallFailure:
    """Why an attempt failed: a stable error code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Call:
    """An asynchronous call, without its request and response, which may be large.

    `due` is the earliest time of the next attempt, `attempts` the number of attempts so far, and
    `failure` that of the last failed attempt. `status` is that of the function's response.
    """

    id: str
    ref: FunctionRef
    method: str
    path: str
    created: datetime
    due: datetime
    state: CallState = "queued"
    attempts: int = 0
    started: datetime | None = None
    finished: datetime | None = None
    status: int | None = None
    truncated: bool = False
    failure: CallFailure | None = None


@dataclass(frozen=True, slots=True)
class ClaimedCall:
    """A call that this process sends now."""

    call: Call
    request: CallRequest


@dataclass(frozen=True, slots=True)
class CallQuery:
    """Selects the newest `limit` calls, by function name, namespace and state."""

    name: str | None = None
    namespace: str | None = None
    state: CallState | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Backlog:
    """The number of due calls by function, and when the next of the others is due."""

    due: dict[FunctionRef, int] = field(default_factory=dict)
    next: datetime | None = None
