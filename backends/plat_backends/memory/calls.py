"""Asynchronous calls in a dict."""

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

from plat_backends.stores import call_rules


@dataclass(slots=True)
class _StoredCall:
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
        """Time from which it can be claimed; None for a finished call."""
        return {"queued": self.call.due, "running": self.until}.get(self.call.state)


class MemoryCallStore:
    """`CallStore` in a dict, in the order of arrival."""

    def __init__(self) -> None:
        self._calls: dict[str, _StoredCall] = {}

    async def add(self, call: Call, request: CallRequest, bound: QueueBound) -> None:
        """See `CallStore.add`."""
        if call.id in self._calls:
            raise call_rules.duplicate_call(call.id)
        sizes = [
            stored.request.size
            for stored in self._calls.values()
            if stored.request and stored.call.ref == call.ref
        ]
        call_rules.check_capacity(call, request, bound, len(sizes), sum(sizes))
        self._calls[call.id] = _StoredCall(call, request)

    async def get(self, call_id: str) -> Call:
        """See `CallStore.get`."""
        return self._find(call_id).call

    async def list(self, query: CallQuery) -> Sequence[Call]:
        """See `CallStore.list`."""
        found = [
            stored.call
            for stored in self._calls.values()
            if query.name in (None, stored.call.ref.name)
            and query.namespace in (None, stored.call.ref.namespace)
            and query.state in (None, stored.call.state)
        ]
        found.sort(key=lambda call: (call.created, call.id), reverse=True)
        return found[: query.limit]

    async def response(self, call_id: str) -> CallResponse | None:
        """See `CallStore.response`."""
        return self._find(call_id).response

    async def backlog(self, now: datetime) -> Backlog:
        """See `CallStore.backlog`."""
        due: dict[FunctionRef, int] = {}
        upcoming: list[datetime] = []
        for stored in self._calls.values():
            if stored.is_due(now):
                due[stored.call.ref] = due.get(stored.call.ref, 0) + 1
            elif (moment := stored.moment) is not None:
                upcoming.append(moment)
        return Backlog(due, min(upcoming, default=None))

    async def unfinished(self) -> Mapping[tuple[FunctionRef, CallState], int]:
        """See `CallStore.unfinished`."""
        calls = (stored.call for stored in self._calls.values())
        return Counter((call.ref, call.state) for call in calls if call.state not in OVER)

    async def claim(
        self, room: Mapping[FunctionRef, int], *, holder: str, now: datetime, until: datetime
    ) -> Sequence[ClaimedCall]:
        """See `CallStore.claim`."""
        claims = []
        for ref, places in room.items():
            for stored in self._due(ref, now)[:places]:
                call = stored.call
                stored.holder, stored.until = holder, until
                stored.call = replace(
                    call, state="running", attempts=call.attempts + 1, started=now
                )
                assert stored.request is not None  # noqa: S101 - it is there until the call is over
                claims.append(ClaimedCall(stored.call, stored.request))
        return claims

    async def renew(self, call_ids: Collection[str], *, holder: str, until: datetime) -> None:
        """See `CallStore.renew`."""
        for stored in self._held(holder):
            if stored.call.id in call_ids:
                stored.until = until

    async def retry(
        self, call_id: str, holder: str, *, due: datetime, failure: CallFailure
    ) -> bool:
        """See `CallStore.retry`."""
        for stored in self._held(holder):
            if stored.call.id == call_id:
                stored.call = replace(stored.call, state="queued", due=due, failure=failure)
                stored.holder, stored.until = "", None
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
        stored = self._calls.get(call_id)
        if stored is None or stored.call.state in OVER:
            return False
        call = replace(stored.call, state=state, finished=now, failure=failure)
        if response is not None:
            call = replace(call, status=response.status, truncated=response.truncated)
        self._calls[call_id] = _StoredCall(call, None, response)
        return True

    async def give_back(self, holder: str, now: datetime) -> None:
        """See `CallStore.give_back`."""
        for stored in self._held(holder):
            attempts = stored.call.attempts - 1
            stored.call = replace(stored.call, state="queued", due=now, attempts=attempts)
            stored.holder, stored.until = "", None

    async def orphan(self, now: datetime) -> None:
        """See `CallStore.orphan`."""
        for stored in self._calls.values():
            if stored.call.state == "running":
                stored.until = now

    async def cancel(self, call_id: str, now: datetime) -> Call:
        """See `CallStore.cancel`."""
        stored = self._find(call_id)
        if stored.call.state != "queued":
            raise call_rules.cannot_cancel(stored.call)
        await self.finish(call_id, "cancelled", now=now)
        return self._find(call_id).call

    async def sweep(self, before: datetime) -> int:
        """See `CallStore.sweep`."""
        ends = {call_id: stored.call.finished for call_id, stored in self._calls.items()}
        expired = [call_id for call_id, end in ends.items() if end is not None and end < before]
        for call_id in expired:
            del self._calls[call_id]
        return len(expired)

    def _find(self, call_id: str) -> _StoredCall:
        if call_id not in self._calls:
            raise call_rules.call_not_found(call_id)
        return self._calls[call_id]

    def _due(self, ref: FunctionRef, now: datetime) -> Sequence[_StoredCall]:
        found = [k for k in self._calls.values() if k.call.ref == ref and k.is_due(now)]
        return sorted(found, key=lambda stored: (stored.call.due, stored.call.id))

    def _held(self, holder: str) -> Iterable[_StoredCall]:
        stored = list(self._calls.values())
        return (one for one in stored if one.holder == holder and one.call.state == "running")
