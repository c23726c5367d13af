"""Asynchronous calls in dicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from plat_core.model.calls import (
    OVER,
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

from plat_backends import queueing


@dataclass(slots=True)
class _Kept:
    call: Call
    request: CallRequest | None
    response: CallResponse | None = None
    holder: str = ""
    until: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        moment = self.moment
        return moment is not None and moment <= now

    @property
    def moment(self) -> datetime | None:
        """When it may be taken; None where it is over."""
        return {"queued": self.call.due, "running": self.until}.get(self.call.state)


class MemoryCallStore:
    """`CallStore` in a dict, in the order of arrival."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    async def add(self, call: Call, request: CallRequest, bound: QueueBound) -> None:
        """See `CallStore.add`."""
        if call.id in self._kept:
            raise queueing.taken(call.id)
        sizes = [
            kept.request.size
            for kept in self._kept.values()
            if kept.request and kept.call.ref == call.ref
        ]
        queueing.check_room(call, request, bound, len(sizes), sum(sizes))
        self._kept[call.id] = _Kept(call, request)

    async def get(self, call_id: str) -> Call:
        """See `CallStore.get`."""
        return self._find(call_id).call

    async def list(self, query: CallQuery) -> Sequence[Call]:
        """See `CallStore.list`."""
        found = [
            kept.call
            for kept in self._kept.values()
            if query.name in (None, kept.call.ref.name)
            and query.namespace in (None, kept.call.ref.namespace)
            and query.state in (None, kept.call.state)
        ]
        found.sort(key=lambda call: (call.created, call.id), reverse=True)
        return found[: query.limit]

    async def response(self, call_id: str) -> CallResponse | None:
        """See `CallStore.response`."""
        return self._find(call_id).response

    async def backlog(self, now: datetime) -> Backlog:
        """See `CallStore.backlog`."""
        due: dict[FunctionRef, int] = {}
        later: list[datetime] = []
        for kept in self._kept.values():
            if kept.is_due(now):
                due[kept.call.ref] = due.get(kept.call.ref, 0) + 1
            elif (moment := kept.moment) is not None:
                later.append(moment)
        return Backlog(due, min(later, default=None))

    async def unfinished(self) -> Mapping[tuple[FunctionRef, CallState], int]:
        """See `CallStore.unfinished`."""
        calls = (kept.call for kept in self._kept.values())
        return Counter((call.ref, call.state) for call in calls if call.state not in OVER)

    async def claim(
        self, room: Mapping[FunctionRef, int], *, holder: str, now: datetime, until: datetime
    ) -> Sequence[ClaimedCall]:
        """See `CallStore.claim`."""
        claims = []
        for ref, places in room.items():
            for kept in self._due(ref, now)[:places]:
                call = kept.call
                kept.holder, kept.until = holder, until
                kept.call = replace(call, state="running", attempts=call.attempts + 1, started=now)
                assert kept.request is not None  # noqa: S101 - it is there until the call is over
                claims.append(ClaimedCall(kept.call, kept.request))
        return claims

    async def renew(self, call_ids: Collection[str], *, holder: str, until: datetime) -> None:
        """See `CallStore.renew`."""
        for kept in self._held(holder):
            if kept.call.id in call_ids:
                kept.until = until

    async def retry(
        self, call_id: str, holder: str, *, due: datetime, failure: CallFailure
    ) -> bool:
        """See `CallStore.retry`."""
        for kept in self._held(holder):
            if kept.call.id == call_id:
                kept.call = replace(kept.call, state="queued", due=due, failure=failure)
                kept.holder, kept.until = "", None
                return True
        return False

    async def finish(
        self,
        call_id: str,
        state: CallState,
        *,
        now: datetime,
        response: CallResponse | None = None,
        failure: CallFailure | None = None,
    ) -> bool:
        """See `CallStore.finish`."""
        kept = self._kept.get(call_id)
        if kept is None or kept.call.state in OVER:
            return False
        call = replace(kept.call, state=state, finished=now, failure=failure)
        if response is not None:
            call = replace(call, status=response.status, truncated=response.truncated)
        self._kept[call_id] = _Kept(call, None, response)
        return True

    async def give_back(self, holder: str, now: datetime) -> None:
        """See `CallStore.give_back`."""
        for kept in self._held(holder):
            attempts = kept.call.attempts - 1
            kept.call = replace(kept.call, state="queued", due=now, attempts=attempts)
            kept.holder, kept.until = "", None

    async def orphan(self, now: datetime) -> None:
        """See `CallStore.orphan`."""
        for kept in self._kept.values():
            if kept.call.state == "running":
                kept.until = now

    async def cancel(self, call_id: str, now: datetime) -> Call:
        """See `CallStore.cancel`."""
        kept = self._find(call_id)
        if kept.call.state != "queued":
            raise queueing.not_waiting(kept.call)
        await self.finish(call_id, "cancelled", now=now)
        return self._find(call_id).call

    async def sweep(self, before: datetime) -> int:
        """See `CallStore.sweep`."""
        ends = {call_id: kept.call.finished for call_id, kept in self._kept.items()}
        gone = [call_id for call_id, end in ends.items() if end is not None and end < before]
        for call_id in gone:
            del self._kept[call_id]
        return len(gone)

    def _find(self, call_id: str) -> _Kept:
        if call_id not in self._kept:
            raise queueing.missing(call_id)
        return self._kept[call_id]

    def _due(self, ref: FunctionRef, now: datetime) -> Sequence[_Kept]:
        found = [k for k in self._kept.values() if k.call.ref == ref and k.is_due(now)]
        return sorted(found, key=lambda kept: (kept.call.due, kept.call.id))

    def _held(self, holder: str) -> Iterable[_Kept]:
        kept = list(self._kept.values())
        return (one for one in kept if one.holder == holder and one.call.state == "running")
