"""The port of asynchronous calls: a durable queue and the results."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from plat_core.model.calls import (
    Backlog,
    Call,
    CallFailure,
    CallQuery,
    CallRequest,
    CallResponse,
    CallState,
    ClaimedCall,
    QueueBound,
)
from plat_core.model.names import FunctionRef


class CallStore(Protocol):
    """A queue of asynchronous calls and their results, shared by several gateways.

    A call that `add` returned for survives a power failure. A gateway claims a call until a
    deadline and extends it with `renew`. Once the deadline passed, the holder counts as dead and
    the call is due again. Times come from the gateways' clocks, which agree within a few seconds.
    """

    async def add(self, call: Call, request: CallRequest, bound: QueueBound) -> None:
        """Enqueue a call; `request` is stored until the call ends.

        Raises Overloaded if the unfinished calls of the function would exceed `bound`, and Conflict
        if the id exists.
        """
        ...

    async def get(self, call_id: str) -> Call:
        """Return the current state of a call; raise CallNotFound if there is none."""
        ...

    async def list(self, query: CallQuery) -> Sequence[Call]:
        """Return the matching calls, newest first."""
        ...

    async def response(self, call_id: str) -> CallResponse | None:
        """Return the function's response, or None without one (yet); raise CallNotFound."""
        ...

    async def backlog(self, now: datetime) -> Backlog:
        """Return what is due at `now`: queued calls, and calls whose holder counts as dead."""
        ...

    async def unfinished(self) -> Mapping[tuple[FunctionRef, CallState], int]:
        """Count the queued and running calls by function, including those that are not due yet."""
        ...

    async def claim(
        self, room: Mapping[FunctionRef, int], *, holder: str, now: datetime, until: datetime
    ) -> Sequence[ClaimedCall]:
        """ClaimedCall up to `room` due calls of each function, the longest due first.

        Claimed calls are `running`, with one more attempt, and belong to `holder` until `until`.
        """
        ...

    async def renew(self, call_ids: Collection[str], *, holder: str, until: datetime) -> None:
        """Extend the claims that `holder` still has on these calls."""
        ...

    async def retry(
        self, call_id: str, holder: str, *, due: datetime, failure: CallFailure
    ) -> bool:
        """Enqueue a call again for `due`; return False, unchanged, if `holder` lost its claim."""
        ...

    async def finish(
        self,
        call_id: str,
        state: CallState,
        *,
        now: datetime,
        response: CallResponse | None = None,
        failure: CallFailure | None = None,
    ) -> bool:
        """Store the result of a call and drop its request. The first result counts.

        Returns False, unchanged, if the call has ended or does not exist. A gateway that lost its
        claim may finish the call too, because the function did respond.
        """
        ...

    async def give_back(self, holder: str, now: datetime) -> None:
        """Release all claims of `holder`; its calls are due now, and the attempt does not count."""
        ...

    async def orphan(self, now: datetime) -> None:
        """Expire all claims. Only a gateway that is the single user of the store may call it."""
        ...

    async def cancel(self, call_id: str, now: datetime) -> Call:
        """Cancel a queued call; raise CallNotFound, or Conflict if it runs or has ended."""
        ...

    async def sweep(self, before: datetime) -> int:
        """Delete calls that ended before `before`; return how many, 0 once none is left."""
        ...
