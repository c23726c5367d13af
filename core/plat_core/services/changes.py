"""Word of changed functions, from whoever writes them to whoever waits, within one process.

`AnnouncingStore` stands in front of the real store, so that a change of the spec and of the status
are both heard of; nothing is buffered but the set of functions that a subscriber has not seen yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

from plat_core.model.function import Function, FunctionStatus
from plat_core.model.names import FunctionRef
from plat_core.ports import FunctionStore, Record, Revision


class Subscription:
    """The functions that changed since the last `take`; merged, never lost."""

    def __init__(self) -> None:
        self._pending: dict[FunctionRef, None] = {}
        self._some = asyncio.Event()

    def announce(self, ref: FunctionRef) -> None:
        """Add a function to what the next `take` returns."""
        self._pending[ref] = None
        self._some.set()

    async def take(self) -> tuple[FunctionRef, ...]:
        """Wait until there is a change, and return all of them."""
        await self._some.wait()
        self._some.clear()
        taken, self._pending = tuple(self._pending), {}
        return taken


class Changes:
    """The place where changes are announced and heard."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    def announce(self, ref: FunctionRef) -> None:
        """Tell every subscriber that `ref` changed, was stored or is gone."""
        for subscription in self._subscriptions:
            subscription.announce(ref)

    @property
    def listeners(self) -> int:
        """How many subscriptions there are."""
        return len(self._subscriptions)

    @contextmanager
    def subscribed(self) -> Iterator[Subscription]:
        """Hear of everything that is announced inside the block."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)


class AnnouncingStore:
    """A `FunctionStore` that announces each write after it was done."""

    def __init__(self, store: FunctionStore, changes: Changes) -> None:
        self._store = store
        self.changes = changes

    async def put(self, function: Function) -> Function:
        """As the port says."""
        stored = await self._store.put(function)
        self.changes.announce(stored.ref)
        return stored

    async def get(self, ref: FunctionRef) -> Record:
        """As the port says."""
        return await self._store.get(ref)

    async def list(self, namespace: str | None = None) -> Sequence[Record]:
        """As the port says."""
        return await self._store.list(namespace)

    async def delete(self, ref: FunctionRef) -> None:
        """As the port says."""
        await self._store.delete(ref)
        self.changes.announce(ref)

    async def purge(self, ref: FunctionRef) -> None:
        """As the port says."""
        await self._store.purge(ref)
        self.changes.announce(ref)

    async def put_status(
        self, ref: FunctionRef, status: FunctionStatus, *, serving: int, failed: int
    ) -> None:
        """As the port says."""
        await self._store.put_status(ref, status, serving=serving, failed=failed)
        self.changes.announce(ref)

    async def add_revision(self, revision: Revision, *, keep: int) -> None:
        """As the port says."""
        await self._store.add_revision(revision, keep=keep)
        self.changes.announce(revision.ref)

    def watch(self) -> AsyncIterator[FunctionRef]:
        """As the port says."""
        return self._store.watch()
