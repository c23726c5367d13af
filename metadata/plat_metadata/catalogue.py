"""What was last heard of all functions, and how it is kept up to date."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from plat_core.errors import FunctionNotFound, PlatError
from plat_core.model.names import FunctionRef
from plat_core.ports import FunctionStore

from plat_metadata.entries import Entry

log = logging.getLogger(__name__)

RESYNC_SECONDS = 15.0
"""How often all functions are listed, in case a change was not told."""
AT_ONCE = 8


class Catalogue:
    """Entries by function. `run` keeps them up to date, for ever."""

    def __init__(
        self,
        store: FunctionStore,
        *,
        url: Callable[[FunctionRef], str],
        now: Callable[[], datetime],
        resync: float,
    ) -> None:
        self._store = store
        self._url = url
        self._now = now
        self._resync = resync
        self._entries: dict[FunctionRef, Entry] = {}
        self._as_of: datetime | None = None
        self._trouble = "nothing was heard of the function controller yet"

    @property
    def entries(self) -> Mapping[FunctionRef, Entry]:
        """What is known, the functions deleted since left out."""
        return self._entries

    @property
    def as_of(self) -> datetime | None:
        """When all of it was last known to be true; None before the first time."""
        return self._as_of

    @property
    def trouble(self) -> str:
        """Why it may be out of date; empty where it is not."""
        return self._trouble

    async def run(self) -> None:
        """Follow the store until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._compare())

    async def _follow(self) -> None:
        """Take in each change as it is told; the watch connects again by itself."""
        async for ref in self._store.watch():
            try:
                await self._take(ref)
            except PlatError as error:
                self._failed(error)

    async def _compare(self) -> None:
        """List all functions from time to time, and take in those that differ."""
        while True:
            try:
                await self._list()
            except PlatError as error:
                self._failed(error)
            await asyncio.sleep(self._resync)

    async def _list(self) -> None:
        present = [record.function.ref for record in await self._store.list()]
        for gone in self._entries.keys() - set(present):
            del self._entries[gone]
        places = asyncio.Semaphore(AT_ONCE)

        async def take(ref: FunctionRef) -> None:
            async with places:
                await self._take(ref)

        await asyncio.gather(*(take(ref) for ref in present))
        if self._trouble:
            log.info("%d functions are known", len(present))
        self._as_of, self._trouble = self._now(), ""

    async def _take(self, ref: FunctionRef) -> None:
        try:
            record = await self._store.get(ref)
        except FunctionNotFound:
            self._entries.pop(ref, None)
        else:
            self._entries[ref] = Entry.of(record, self._url(ref))

    def _failed(self, error: PlatError) -> None:
        if not self._trouble:
            log.warning("what is known may be out of date: %s", error.message)
        self._trouble = error.message
