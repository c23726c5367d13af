"""The port of asynchronous calls, a part of `ports`, through which the others import it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from plat_core.model.calls import (
    Backlog,
    Call,
    CallAnswer,
    CallQuery,
    CallRequest,
    CallState,
    CallTrouble,
    Claim,
    QueueBound,
)
from plat_core.model.names import FunctionRef


class CallStore(Protocol):
    """Asynchronous calls: a queue, and what came of each. What `add` returned survives a power cut.

    Several gateways share one. Who claims a call holds it until a moment that it puts off with
    `renew`; once that passed without, the holder counts as dead and the call is due again. Moments
    are those of the callers' clocks, which agree to within a few seconds.
    """

    async def add(self, call: Call, request: CallRequest, bound: QueueBound) -> None:
        """Queue a call; `request` is kept until it is over.

        Raises Overloaded where the calls of the function that are not over would be beyond `bound`
        with it, Conflict where there is a call of that id.
        """
        ...

    async def get(self, call_id: str) -> Call:
        """As it stands now; raises CallNotFound."""
        ...

    async def list(self, query: CallQuery) -> Sequence[Call]:
        """Calls, the newest first."""
        ...

    async def answer(self, call_id: str) -> CallAnswer | None:
        """What the function answered; None where it did not (yet). Raises CallNotFound."""
        ...

    async def backlog(self, now: datetime) -> Backlog:
        """What is due at `now`: queued calls, and those whose holder counts as dead."""
        ...

    async def unfinished(self) -> Mapping[tuple[FunctionRef, CallState], int]:
        """How many calls of each function are queued and running, those due later too."""
        ...

    async def claim(
        self, room: Mapping[FunctionRef, int], *, holder: str, now: datetime, until: datetime
    ) -> Sequence[Claim]:
        """Take up to so many due calls of each function, the longest due first.

        They are `running` then, with one attempt more, and no other holder gets them before
        `until`.
        """
        ...

    async def renew(self, call_ids: Collection[str], *, holder: str, until: datetime) -> None:
        """Hold these until then; what others took meanwhile stays theirs."""
        ...

    async def retry(
        self, call_id: str, holder: str, *, due: datetime, trouble: CallTrouble
    ) -> bool:
        """Queue a call again for `due`; False, and nothing done, where `holder` lost it."""
        ...

    async def finish(
        self,
        call_id: str,
        state: CallState,
        *,
        now: datetime,
        answer: CallAnswer | None = None,
        trouble: CallTrouble | None = None,
    ) -> bool:
        """End a call with what came of it, and forget its request. The first end counts.

        False, and nothing done, where it is over or not there. Who lost it may end it too: an
        answer is an answer.
        """
        ...

    async def give_back(self, holder: str, now: datetime) -> None:
        """All that it holds is due again at once, and that attempt did not count."""
        ...

    async def orphan(self, now: datetime) -> None:
        """Everybody who holds a call counts as dead. For who knows that it is alone."""
        ...

    async def cancel(self, call_id: str, now: datetime) -> Call:
        """End a call that waits; raises CallNotFound, and Conflict where it runs or is over."""
        ...

    async def sweep(self, before: datetime) -> int:
        """Forget calls that were over before then; returns how many. Some may be left for later."""
        ...
