"""A function store that notifies the process of every write.

It wraps the real store, so that changes of the spec and of the status are both seen.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from plat_core.model.function import Function, FunctionStatus
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.ports import FunctionStore, Record, Revision


class NotifyingStore:
    """A `FunctionStore` that notifies `changes` after each write."""

    def __init__(self, store: FunctionStore, changes: Notifier[FunctionRef]) -> None:
        self._store = store
        self.changes = changes

    async def put(self, function: Function) -> Function:
        """See `FunctionStore.put`."""
        stored = await self._store.put(function)
        self.changes.notify(stored.ref)
        return stored

    async def get(self, ref: FunctionRef) -> Record:
        """See `FunctionStore.get`."""
        return await self._store.get(ref)

    async def list(self, namespace: str | None = None) -> Sequence[Record]:
        """See `FunctionStore.list`."""
        return await self._store.list(namespace)

    async def delete(self, ref: FunctionRef) -> None:
        """See `FunctionStore.delete`."""
        await self._store.delete(ref)
        self.changes.notify(ref)

    async def purge(self, ref: FunctionRef) -> None:
        """See `FunctionStore.purge`."""
        await self._store.purge(ref)
        self.changes.notify(ref)

    async def put_status(
        self, ref: FunctionRef, status: FunctionStatus, *, serving: int, failed: int
    ) -> None:
        """See `FunctionStore.put_status`."""
        await self._store.put_status(ref, status, serving=serving, failed=failed)
        self.changes.notify(ref)

    async def add_revision(self, revision: Revision, *, keep: int) -> None:
        """See `FunctionStore.add_revision`."""
        await self._store.add_revision(revision, keep=keep)
        self.changes.notify(revision.ref)

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """See `FunctionStore.watch`."""
        return self._store.watch()
