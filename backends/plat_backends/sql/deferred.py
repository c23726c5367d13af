"""A database that is opened on first use, and again after each failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from plat_backends.sql.database import Database

T = TypeVar("T")


class DeferredDatabase:
    """A `Database` that need not be reachable when the service starts.

    An invalid URL raises in the constructor. Any other error raises from each use, until the
    database could be opened.
    """

    def __init__(self, url: str) -> None:
        Database.check(url)
        self._url = url
        self._opening = asyncio.Lock()
        self._database: Database | None = None

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """See `Database.read`."""
        return await (await self._opened()).read(work)

    async def write(self, work: Callable[[sa.Connection], T], *, alone: bool = True) -> T:
        """See `Database.write`."""
        return await (await self._opened()).write(work, alone=alone)

    async def close(self) -> None:
        """Close the database if it was opened."""
        if self._database is not None:
            await self._database.close()

    async def _opened(self) -> Database:
        async with self._opening:
            if self._database is None:
                self._database = await Database.open(self._url)
            return self._database
