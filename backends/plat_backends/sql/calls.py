"""Asynchronous calls in SQL: a queue from which several gateways claim.

Writes are small and frequent, so they do not wait for other writers if the database allows it. On
Postgres, a claim skips the rows that another one has locked
(https://www.postgresql.org/docs/17/sql-select.html#SQL-FOR-UPDATE-SHARE).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
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

from plat_backends.sql.tables import CALL_ANSWERS, CALL_REQUESTS, CALLS
from plat_backends.stores import call_rules

T = TypeVar("T")
SWEEP_BATCH = 1000
"""Calls deleted in one transaction, which others must wait for."""

_C = CALLS.c
_OPEN = _C.state.in_(("queued", "running"))


class Transactions(Protocol):
    """The transactions of a `Database`, or of a `DeferredDatabase`."""

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """See `Database.read`."""
        ...

    async def write(self, work: Callable[[sa.Connection], T], *, alone: bool = True) -> T:
        """See `Database.write`."""
        ...


class SqlCallStore:
    """`CallStore` on a database."""

    def __init__(self, database: Transactions) -> None:
        self._database = database

    async def add(self, call: Call, request: CallRequest, bound: QueueBound) -> None:
        """See `CallStore.add`; concurrent gateways may exceed `bound` by a few calls."""
        inside = sa.select(_C.size).where(_of(call.ref), _OPEN).limit(bound.calls).subquery()
        totals = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(inside.c.size), 0))

        def work(connection: sa.Connection) -> None:
            calls, size = connection.execute(totals.select_from(inside)).one()
            call_rules.check_capacity(call, request, bound, calls, size)
            try:
                connection.execute(sa.insert(CALLS).values(**_row(call), size=request.size))
            except sa.exc.IntegrityError:
                raise call_rules.duplicate_call(call.id) from None
            _insert(connection, CALL_REQUESTS, call.id, request)

        await self._write(work)

    async def get(self, call_id: str) -> Call:
        """See `CallStore.get`."""
        return await self._database.read(lambda connection: _get(connection, call_id))

    async def list(self, query: CallQuery) -> Sequence[Call]:
        """See `CallStore.list`."""
        selected = sa.select(CALLS).order_by(_C.created.desc(), _C.id.desc()).limit(query.limit)
        for column in (_C.name, _C.namespace, _C.state):
            if (value := getattr(query, column.name)) is not None:
                selected = selected.where(column == value)
        rows = await self._database.read(lambda c: c.execute(selected).mappings().all())
        return [_call(row) for row in rows]

    async def response(self, call_id: str) -> CallResponse | None:
        """See `CallStore.response`."""

        def work(connection: sa.Connection) -> CallResponse | None:
            call = _get(connection, call_id)
            query = sa.select(CALL_ANSWERS).where(CALL_ANSWERS.c.id == call_id)
            row = connection.execute(query).mappings().first()
            if row is None or call.status is None:
                return None
            return CallResponse(call.status, _headers(row), bytes(row["body"]), call.truncated)

        return await self._database.read(work)

    async def backlog(self, now: datetime) -> Backlog:
        """See `CallStore.backlog`."""
        names = (_C.name, _C.namespace)
        due = sa.select(*names, sa.func.count()).where(_OPEN, _C.due <= now).group_by(*names)
        upcoming = sa.select(sa.func.min(_C.due)).where(_OPEN, _C.due > now)

        def work(connection: sa.Connection) -> Backlog:
            rows = connection.execute(due).all()
            found = {FunctionRef(name, namespace): number for name, namespace, number in rows}
            return Backlog(found, connection.scalar(upcoming))

        return await self._database.read(work)

    async def unfinished(self) -> Mapping[tuple[FunctionRef, CallState], int]:
        """See `CallStore.unfinished`."""
        group = (_C.name, _C.namespace, _C.state)
        query = sa.select(*group, sa.func.count()).where(_OPEN).group_by(*group)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {(FunctionRef(name, namespace), state): n for name, namespace, state, n in rows}

    async def claim(
        self, room: Mapping[FunctionRef, int], *, holder: str, now: datetime, until: datetime
    ) -> Sequence[ClaimedCall]:
        """See `CallStore.claim`."""

        def work(connection: sa.Connection) -> Sequence[ClaimedCall]:
            ids: list[str] = []
            for ref, places in room.items():
                free = sa.select(_C.id).where(_of(ref), _OPEN, _C.due <= now)
                first = free.order_by(_C.due, _C.id).limit(places)
                ids += connection.scalars(first.with_for_update(skip_locked=True)).all()
            held = {"state": "running", "holder": holder, "due": until, "started": now}
            mine = sa.update(CALLS).where(_C.id.in_(ids))
            connection.execute(mine.values(attempts=_C.attempts + 1, **held))
            return _claims(connection, ids)

        return await self._write(work) if room else ()

    async def renew(self, call_ids: Collection[str], *, holder: str, until: datetime) -> None:
        """See `CallStore.renew`."""
        await self._update(sa.and_(_C.id.in_(call_ids), _held(holder)), due=until)

    async def retry(
        self, call_id: str, holder: str, *, due: datetime, failure: CallFailure
    ) -> bool:
        """See `CallStore.retry`."""
        mine = sa.and_(_C.id == call_id, _held(holder))
        changed = await self._update(
            mine, state="queued", holder="", due=due, **_failure_columns(failure)
        )
        return changed > 0

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
        return await self._write(
            lambda c: _finish(c, call_id, state, now=now, response=response, failure=failure)
        )

    async def give_back(self, holder: str, now: datetime) -> None:
        """See `CallStore.give_back`."""
        again = {"state": "queued", "holder": "", "due": now, "attempts": _C.attempts - 1}
        await self._update(_held(holder), **again)

    async def orphan(self, now: datetime) -> None:
        """See `CallStore.orphan`."""
        await self._update(_C.state == "running", due=now)

    async def cancel(self, call_id: str, now: datetime) -> Call:
        """See `CallStore.cancel`."""

        def work(connection: sa.Connection) -> Call:
            call = _get(connection, call_id, lock=True)
            if call.state != "queued":
                raise call_rules.cannot_cancel(call)
            _finish(connection, call_id, "cancelled", now=now)
            return _get(connection, call_id)

        return await self._write(work)

    async def sweep(self, before: datetime) -> int:
        """See `CallStore.sweep`: the oldest first, one batch."""
        old = sa.select(_C.id).where(_C.finished < before).order_by(_C.finished)
        gone = sa.delete(CALLS).where(_C.id.in_(old.limit(SWEEP_BATCH)))
        return await self._write(lambda connection: connection.execute(gone).rowcount)

    async def _update(self, where: sa.ColumnElement[bool], **values: Any) -> int:
        query = sa.update(CALLS).where(where).values(**values)
        return await self._write(lambda connection: connection.execute(query).rowcount)

    async def _write(self, work: Callable[[sa.Connection], T]) -> T:
        return await self._database.write(work, alone=False)


def _of(ref: FunctionRef) -> sa.ColumnElement[bool]:
    return sa.and_(_C.namespace == ref.namespace, _C.name == ref.name)


def _held(holder: str) -> sa.ColumnElement[bool]:
    return sa.and_(_C.state == "running", _C.holder == holder)


def _get(connection: sa.Connection, call_id: str, *, lock: bool = False) -> Call:
    query = sa.select(CALLS).where(_C.id == call_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise call_rules.call_not_found(call_id)
    return _call(row)


def _claims(connection: sa.Connection, ids: Sequence[str]) -> Sequence[ClaimedCall]:
    columns = (CALLS, CALL_REQUESTS.c.headers, CALL_REQUESTS.c.body)
    query = sa.select(*columns).join(CALL_REQUESTS).where(_C.id.in_(ids))
    found = {}
    for row in connection.execute(query).mappings():
        request = CallRequest(row["method"], row["path"], _headers(row), bytes(row["body"]))
        found[row["id"]] = ClaimedCall(_call(row), request)
    return [found[call_id] for call_id in ids]


def _finish(
    connection: sa.Connection,
    call_id: str,
    state: CallState,
    *,
    now: datetime,
    response: CallResponse | None = None,
    failure: CallFailure | None = None,
) -> bool:
    values: dict[str, Any] = {
        "state": state,
        "holder": "",
        "finished": now,
        **_failure_columns(failure),
    }
    if response is not None:
        values |= {"status": response.status, "truncated": response.truncated}
    open_one = sa.update(CALLS).where(_C.id == call_id, _OPEN)
    if not connection.execute(open_one.values(**values)).rowcount:
        return False
    connection.execute(sa.delete(CALL_REQUESTS).where(CALL_REQUESTS.c.id == call_id))
    if response is not None:
        _insert(connection, CALL_ANSWERS, call_id, response)
    return True


def _insert(
    connection: sa.Connection, table: sa.Table, call_id: str, content: CallRequest | CallResponse
) -> None:
    headers = [list(line) for line in content.headers]
    connection.execute(sa.insert(table).values(id=call_id, headers=headers, body=content.body))


def _headers(row: Any) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in row["headers"])


def _row(call: Call) -> dict[str, Any]:
    return {
        "id": call.id,
        "namespace": call.ref.namespace,
        "name": call.ref.name,
        "method": call.method,
        "path": call.path,
        "state": call.state,
        "created": call.created,
        "due": call.due,
        "attempts": call.attempts,
        "holder": "",
        "truncated": call.truncated,
    }


def _call(row: Any) -> Call:
    code = row["trouble_code"]
    return Call(
        id=row["id"],
        ref=FunctionRef(row["name"], row["namespace"]),
        method=row["method"],
        path=row["path"],
        created=row["created"],
        due=row["due"],
        state=row["state"],
        attempts=row["attempts"],
        started=row["started"],
        finished=row["finished"],
        status=row["status"],
        truncated=row["truncated"],
        failure=None if code is None else CallFailure(code, row["trouble"]),
    )


def _failure_columns(failure: CallFailure | None) -> dict[str, str | None]:
    if failure is None:
        return {"trouble_code": None, "trouble": None}
    # Postgres text cannot contain NUL, but quoted output of a function can.
    return {"trouble_code": failure.code, "trouble": failure.message.replace("\0", "")}
