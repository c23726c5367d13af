"""Calls that nobody waits for: what is asked, where it stands, and what came of it.

An asynchronous call is stored before its caller hears of it, sent to the function at least once,
and its answer is kept for a while.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, get_args

from plat_core.model.refs import FunctionRef

CallState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
"""`queued`: waits for its next attempt. `running`: is at the function now. `succeeded`: answered
with a status below 400. `failed`: answered with another one, or given up without an answer."""

CALL_STATES: Final[tuple[CallState, ...]] = get_args(CallState)
OVER: Final[frozenset[CallState]] = frozenset({"succeeded", "failed", "cancelled"})
"""The states that a call never leaves."""

Headers = tuple[tuple[str, str], ...]
"""Header lines in their order, each as name and value; the bytes of a line as Latin-1."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """What the function is to get. `path` begins with `/` and has the query, as it was sent."""

    method: str
    path: str
    headers: Headers = ()
    body: bytes = b""

    @property
    def size(self) -> int:
        """Its bytes, without what stands between them."""
        return len(self.path) + len(self.body) + sum(len(n) + len(v) for n, v in self.headers)


@dataclass(frozen=True, slots=True)
class QueueBound:
    """How much of one function may wait or run: calls, and bytes of their requests together."""

    calls: int
    size: int


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """What the function answered; `truncated` where it had more than is kept of a body."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class CallTrouble:
    """Why an attempt had no good end: a stable code, as errors have it, and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Call:
    """An asynchronous call without its request and its answer, which may be large.

    `due` is when it may be tried next, `attempts` how often it was begun, `trouble` what the last
    attempt that failed ended with; `status` is the function's, once it answered.
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
    trouble: CallTrouble | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A call that this process is to send now."""

    call: Call
    request: CallRequest


@dataclass(frozen=True, slots=True)
class CallQuery:
    """Which calls: of a name, of a namespace, in a state, the newest `limit` of them."""

    name: str | None = None
    namespace: str | None = None
    state: CallState | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many calls of which functions are due, and when the next one of the others is."""

    due: dict[FunctionRef, int] = field(default_factory=dict)
    next: datetime | None = None
