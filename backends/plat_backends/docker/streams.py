"""Docker's endless responses (events, followed logs) read on a thread and passed to the event loop.

One thread per stream and a bounded backlog, so that a slow reader applies back-pressure to Docker.
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


def read_frames(read: Callable[[int], bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the frames of a multiplexed stream: 8 bytes of header, the last 4 of them the length.

    See "Attach to a container", stream format, in the Engine API. A truncated frame is dropped.
    """
    while len(header := _read_exactly(read, 8)) == 8:
        length = int.from_bytes(header[4:], "big")
        body = _read_exactly(read, length)
        if len(body) < length:
            return
        yield header[0], body


def _read_exactly(read: Callable[[int], bytes], size: int) -> bytes:
    data = b""
    while len(data) < size and (chunk := read(size - len(data))):
        data += chunk
    return data


class StreamThread(threading.Thread, Generic[T]):
    """A thread that reads `source`; `items` yields what it reads on the event loop."""

    def __init__(self, source: Iterator[T], stream: CancellableStream[Any]) -> None:
        super().__init__(name="plat-docker-stream", daemon=True)
        self._source = source
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[T | None] = asyncio.Queue()
        self._slots = threading.Semaphore(BACKLOG)
        self._closed = False

    def run(self) -> None:
        """Read until the stream ends or `items` is closed."""
        # closing a socket under its reader raises any of these
        with contextlib.suppress(
            requests.RequestException, HTTPError, OSError, ValueError, AttributeError
        ):
            for item in self._source:
                self._slots.acquire()
                if self._closed:
                    break
                self._pass_on(item)
        self._pass_on(None)

    def _pass_on(self, item: T | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)

    async def items(self) -> AsyncGenerator[T, None]:
        """Yield the items; closing the iterator ends the stream and its thread."""
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
