"""Following the logs of all replicas of a function as one stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from typing import Final

from plat_core.errors import PlatError
from plat_core.ports import LogRecord

FOLLOW_BACKLOG: Final = 256
"""Records that wait for a slow reader before the replicas' streams are read no further."""

OpenLogStream = Callable[[], AsyncGenerator[LogRecord, None]]


async def follow_replicas(
    list_streams: Callable[[], Awaitable[Mapping[str, OpenLogStream]]],
    wait_for_change: Callable[[], Awaitable[object]],
) -> AsyncGenerator[LogRecord, None]:
    """Yield the records of all replicas until closed, including replicas that appear later.

    `list_streams` returns one stream per replica, by name. It is called again whenever
    `wait_for_change` returns. A stream that ended is then opened again: its replica may have been
    restarted. A stream must itself skip records that it has yielded before.
    """
    queue: asyncio.Queue[LogRecord] = asyncio.Queue(FOLLOW_BACKLOG)
    readers: dict[str, asyncio.Task[None]] = {}

    async def open_streams() -> None:
        while True:
            with suppress(PlatError):
                for name, stream in (await list_streams()).items():
                    if name not in readers or readers[name].done():
                        readers[name] = asyncio.create_task(_read(stream, queue))
            await wait_for_change()

    opener = asyncio.create_task(open_streams())
    try:
        while True:
            yield await queue.get()
    finally:
        opener.cancel()
        # only then can no further reader appear
        await asyncio.gather(opener, return_exceptions=True)
        for reader in readers.values():
            reader.cancel()
        await asyncio.gather(*readers.values(), return_exceptions=True)


async def _read(stream: OpenLogStream, queue: asyncio.Queue[LogRecord]) -> None:
    # a replica that was removed or is restarted: the next listing shows it
    with suppress(PlatError):
        async with aclosing(stream()) as records:
            async for record in records:
                await queue.put(record)
