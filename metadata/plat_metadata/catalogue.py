"""A cache of all functions, which follows the function store."""

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
"""Interval between lists of all functions, in case a watch event was lost."""
MAX_CONCURRENCY = 8


class Catalogue:
    """Entries by function; `run` keeps them up to date."""

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
        self._error = "no response from the function controller yet"

    @property
    def entries(self) -> Mapping[FunctionRef, Entry]:
        """Entries of all existing functions."""
        return self._entries

    @property
    def as_of(self) -> datetime | None:
        """Time of the last complete list; None before the first one."""
        return self._as_of

    @property
    def error(self) -> str:
        """Why the entries may be out of date; empty if they are not."""
        return self._error

    async def run(self) -> None:
        """Watch and list the store until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch())
            group.create_task(self._resync_periodically())

    async def _watch(self) -> None:
        """Update the entry of each changed function; the watch reconnects by itself."""
        async for ref in self._store.watch():
            try:
                await self._update(ref)
            except PlatError as error:
                self._failed(error)

    async def _resync_periodically(self) -> None:
        """List all functions at an interval."""
        while True:
            try:
                await self._list()
            except PlatError as error:
                self._failed(error)
            await asyncio.sleep(self._resync)

    async def _list(self) -> None:
        present = [record.function.ref for record in await self._store.list()]
        for deleted in self._entries.keys() - set(present):
            del self._entries[deleted]
        slots = asyncio.Semaphore(MAX_CONCURRENCY)

        async def update(ref: FunctionRef) -> None:
            async with slots:
                await self._update(ref)

        await asyncio.gather(*(update(ref) for ref in present))
        if self._error:
            log.info("listed %d functions", len(present))
        self._as_of, self._error = self._now(), ""

    async def _update(self, ref: FunctionRef) -> None:
        try:
            record = await self._store.get(ref)
        except FunctionNotFound:
            self._entries.pop(ref, None)
        else:
            self._entries[ref] = Entry.of(record, self._url(ref))

    def _failed(self, error: PlatError) -> None:
        if not self._error:
            log.warning("functions may be out of date: %s", error.message)
        self._error = error.message
