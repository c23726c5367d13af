"""Log lines in memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from weakref import WeakSet

from plat_core.model.names import FunctionRef
from plat_core.ports import LogQuery, LogRecord

from plat_backends.replica.log_lines import matches_query


class MemoryLogs:
    """`LogSource` that keeps the newest `limit` lines of each function."""

    def __init__(self, *, limit: int = 1000) -> None:
        self._limit = limit
        self._lines: dict[FunctionRef, deque[LogRecord]] = {}
        self._followers: WeakSet[_Follower] = WeakSet()

    def add(self, ref: FunctionRef, record: LogRecord) -> None:
        """Append a line."""
        self._lines.setdefault(ref, deque(maxlen=self._limit)).append(record)
        for follower in tuple(self._followers):
            if follower.ref == ref:
                follower.lines.put_nowait(record)

    def forget(self, ref: FunctionRef) -> None:
        """Remove every line of a function; a second call is a no-op."""
        self._lines.pop(ref, None)

    async def read(self, ref: FunctionRef, query: LogQuery) -> AsyncGenerator[LogRecord, None]:
        """See `LogSource.read`."""
        follower = _Follower(ref)
        if query.follow:
            self._followers.add(follower)
        found = [line for line in self._lines.get(ref, ()) if matches_query(line, query)]
        for line in found[-query.tail :] if query.tail > 0 else []:
            yield line
        while query.follow:
            line = await follower.lines.get()
            if matches_query(line, query):
                yield line


class _Follower:
    def __init__(self, ref: FunctionRef) -> None:
        self.ref = ref
        self.lines: asyncio.Queue[LogRecord] = asyncio.Queue()
