"""Docker's endless answers (events, followed logs) brought from a blocking iterator into the loop.

A thread per stream and a bounded hand-over: a slow reader slows Docker down, not this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any, Generic, TypeVar

import requests
from docker.types import CancellableStream
from urllib3.exceptions import HTTPError

T = TypeVar("T")
BACKLOG = 256


def frames(read: Callable[[int], bytes]) -> Iterator[tuple[int, bytes]]:
    """Take a multiplexed stream apart: 8 bytes of header, of which the last 4 are the length.

    Source: the Engine API, "Attach to a container", stream format. A frame that was cut is dropped.
    """
    while len(header := _exactly(read, 8)) == 8:
        length = int.from_bytes(header[4:], "big")
        body = _exactly(read, length)
        if len(body) < length:
            return
        yield header[0], body


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    data = b""
    while len(data) < size and (chunk := read(size - len(data))):
        data += chunk
    return data


class Pump(threading.Thread, Generic[T]):
    """Reads `source` on a thread of its own; `items` hands it on in the loop."""

    def __init__(self, source: Iterator[T], stream: CancellableStream[Any]) -> None:
        super().__init__(name="plat-docker-stream", daemon=True)
        self._source = source
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[T | None] = asyncio.Queue()
        self._slots = threading.Semaphore(BACKLOG)
        self._closed = False

    def run(self) -> None:
        """Read until the other side ends it, or `items` is closed."""
        # a socket that is closed under a reader shows itself in each of these ways
        with contextlib.suppress(
            requests.RequestException, HTTPError, OSError, ValueError, AttributeError
        ):
            for item in self._source:
                self._slots.acquire()
                if self._closed:
                    break
                self._hand_over(item)
        self._hand_over(None)

    def _hand_over(self, item: T | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody reads any more
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)

    async def items(self) -> AsyncGenerator[T, None]:
        """What was read; closing the iterator ends the stream and its thread."""
        self.start()
        try:
            while (item := await self._queue.get()) is not None:
                yield item
                self._slots.release()
        finally:
            self._closed = True
            self._slots.release()
            with contextlib.suppress(OSError, AttributeError):
                self._stream.close()
