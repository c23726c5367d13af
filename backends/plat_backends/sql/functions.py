"""Functions and their revisions in SQL."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from plat_core.errors import Unavailable
from plat_core.fix import Fix
from plat_core.model.function import Function, FunctionSpec, FunctionStatus, Metadata
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier, Subscription
from plat_core.ports import Record, Revision
from pydantic import ValidationError

from plat_backends.sql.database import Database
from plat_backends.sql.tables import FUNCTIONS, REVISIONS
from plat_backends.stores import record_rules
from plat_backends.stores.not_found import function_not_found

log = logging.getLogger(__name__)


class UnreadableRow(Unavailable):
    """A stored row that is invalid in this release."""


class SqlFunctionStore:
    """`FunctionStore` on a database. `watch` reports the writes of this process."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        uid: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._database = database
        self._changes: Notifier[FunctionRef] = Notifier()
        self._now = now
        self._uid = uid

    async def put(self, function: Function) -> Function:
        """See `FunctionStore.put`."""

        def work(connection: sa.Connection) -> tuple[Record | None, Record]:
            old = _find(connection, function.ref)
            new = record_rules.put(old, function, now=self._now(), uid=self._uid())
            _save(connection, old, new)
            return old, new

        old, new = await self._database.write(work)
        if new is not old:
            self._changes.notify(function.ref)
        return new.function

    async def get(self, ref: FunctionRef) -> Record:
        """See `FunctionStore.get`; raises Unavailable for an invalid row."""
        return await self._database.read(lambda connection: _get(connection, ref))

    async def list(self, namespace: str | None = None) -> Sequence[Record]:
        """See `FunctionStore.list`; an invalid row is logged and skipped."""
        return await self._database.read(lambda connection: _list(connection, namespace))

    async def delete(self, ref: FunctionRef) -> None:
        """See `FunctionStore.delete`; an invalid row is purged at once."""

        def work(connection: sa.Connection) -> bool:
            try:
                old = _get(connection, ref)
            except UnreadableRow:
                _purge(connection, ref)
                return True
            new = record_rules.mark_deleted(old, now=self._now())
            _save(connection, old, new)
            return new is not old

        if await self._database.write(work):
            self._changes.notify(ref)

    async def purge(self, ref: FunctionRef) -> None:
        """See `FunctionStore.purge`."""
        if await self._database.write(lambda connection: _purge(connection, ref)):
            self._changes.notify(ref)

    async def put_status(
        self, ref: FunctionRef, status: FunctionStatus, *, serving: int, failed: int
    ) -> None:
        """See `FunctionStore.put_status`; raises FunctionNotFound."""
        old = await self.get(ref)
        if record_rules.put_status(old, status, serving=serving, failed=failed) is old:
            return

        def work(connection: sa.Connection) -> None:
            current = _get(connection, ref)
            new = record_rules.put_status(current, status, serving=serving, failed=failed)
            _save(connection, current, new)

        await self._database.write(work)

    async def add_revision(self, revision: Revision, *, keep: int) -> None:
        """See `FunctionStore.add_revision`; raises FunctionNotFound."""

        def work(connection: sa.Connection) -> None:
            old = _get(connection, revision.ref)
            _save(connection, old, record_rules.add_revision(old, revision, keep=keep))

        await self._database.write(work)

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """See `FunctionStore.watch`."""
        return self._watch(self._changes.subscribe())

    async def _watch(
        self, subscription: Subscription[FunctionRef]
    ) -> AsyncGenerator[FunctionRef, None]:
        for ref in await self._database.read(_refs):
            subscription.add(ref)
        async for ref in subscription.keys():
            yield ref


def _where(table: sa.Table, ref: FunctionRef) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.namespace == ref.namespace, table.c.name == ref.name)


def _refs(connection: sa.Connection) -> list[FunctionRef]:
    rows = connection.execute(sa.select(FUNCTIONS.c.name, FUNCTIONS.c.namespace))
    return sorted(FunctionRef(name, namespace) for name, namespace in rows)


def _find(connection: sa.Connection, ref: FunctionRef) -> Record | None:
    query = sa.select(FUNCTIONS).where(_where(FUNCTIONS, ref))
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    query = sa.select(REVISIONS).where(_where(REVISIONS, ref)).order_by(REVISIONS.c.number)
    return _record(row, connection.execute(query).mappings().all())


def _get(connection: sa.Connection, ref: FunctionRef) -> Record:
    record = _find(connection, ref)
    if record is None:
        raise function_not_found(ref)
    return record


def _list(connection: sa.Connection, namespace: str | None) -> list[Record]:
    functions, revisions = sa.select(FUNCTIONS), sa.select(REVISIONS)
    if namespace is not None:
        functions = functions.where(FUNCTIONS.c.namespace == namespace)
        revisions = revisions.where(REVISIONS.c.namespace == namespace)
    owned: dict[tuple[str, str], list[Any]] = {}
    for row in connection.execute(revisions.order_by(REVISIONS.c.number)).mappings():
        owned.setdefault((row["name"], row["namespace"]), []).append(row)
    found = []
    for row in connection.execute(functions).mappings():
        try:
            found.append(_record(row, owned.get((row["name"], row["namespace"]), [])))
        except UnreadableRow:
            log.exception("the list skips a function")
    # Not in SQL: the order of hyphens depends on the locale of the server.
    return sorted(found, key=lambda record: record.function.ref)


def _record(row: Any, revisions: Sequence[Any]) -> Record:
    ref = FunctionRef(row["name"], row["namespace"])
    try:
        status = row["status"]
        function = Function(
            metadata=Metadata.model_validate(row["metadata"]),
            spec=FunctionSpec.model_validate(row["spec"]),
            status=None if status is None else FunctionStatus.model_validate(status),
        )
        return Record(
            function,
            revisions=tuple(_revision(ref, r) for r in revisions),
            serving=row["serving"],
            failed=row["failed"],
        )
    except ValidationError as error:
        raise UnreadableRow(
            f"the stored function {ref} is invalid in this release: {error}",
            fix=Fix("recreate-function", {"name": str(ref)}),
        ) from error


def _revision(ref: FunctionRef, row: Any) -> Revision:
    return Revision(
        ref,
        row["number"],
        row["image"],
        FunctionSpec.model_validate(row["spec"]),
        row["created"],
        row["secrets"],
        row["source"],
        row["commit"],
    )


def _save(connection: sa.Connection, old: Record | None, new: Record) -> None:
    """Write the differences between the two records."""
    if old is new:
        return
    function, ref = new.function, new.function.ref
    values = {
        "metadata": function.metadata.document(),
        "spec": function.spec.document(),
        "status": function.status.document() if function.status else None,
        "serving": new.serving,
        "failed": new.failed,
    }
    if old is None:
        key = {"namespace": ref.namespace, "name": ref.name}
        connection.execute(sa.insert(FUNCTIONS).values(**key, **values))
        return
    connection.execute(sa.update(FUNCTIONS).where(_where(FUNCTIONS, ref)).values(**values))
    for gone in {r.number for r in old.revisions} - {r.number for r in new.revisions}:
        number = REVISIONS.c.number == gone
        connection.execute(sa.delete(REVISIONS).where(_where(REVISIONS, ref), number))
    for revision in new.revisions:
        if old.revision(revision.number) is None:
            connection.execute(sa.insert(REVISIONS).values(**_row(revision)))


def _row(revision: Revision) -> dict[str, Any]:
    return {
        "namespace": revision.ref.namespace,
        "name": revision.ref.name,
        "number": revision.number,
        "image": revision.image,
        "spec": revision.spec.document(),
        "created": revision.created,
        "secrets": dict(revision.secrets),
        "source": revision.source,
        "commit": revision.commit,
    }


def _purge(connection: sa.Connection, ref: FunctionRef) -> bool:
    return connection.execute(sa.delete(FUNCTIONS).where(_where(FUNCTIONS, ref))).rowcount > 0
