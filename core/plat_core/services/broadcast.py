"""Latest-value broadcast: every watcher sees all keys first and then each change, merged.

A slow watcher costs one entry a key, never a growing queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Broadcast(Generic[K, V]):
    """The last value of each key, handed to any number of watchers."""

    def __init__(self) -> None:
        self._values: dict[K, V] = {}
        self._watchers: set[_Watcher[K, V]] = set()

    def publish(self, key: K, value: V) -> None:
        """Set the key's value; the same value again wakes nobody."""
        if self._values.get(key) == value:
            return
        self._values[key] = value
        self._tell(key, value)

    def retire(self, key: K, farewell: V) -> None:
        """Forget the key; present watchers get `farewell`, later ones nothing."""
        if self._values.pop(key, None) is not None:
            self._tell(key, farewell)

    def _tell(self, key: K, value: V) -> None:
        for watcher in self._watchers:
            watcher.put(key, value)

    async def watch(self) -> AsyncIterator[V]:
        """All values, then changes, until the iterator is closed."""
        watcher: _Watcher[K, V] = _Watcher(self._values)
        self._watchers.add(watcher)
        try:
            while True:
                yield await watcher.next()
        finally:
            self._watchers.discard(watcher)


class _Watcher(Generic[K, V]):
    def __init__(self, values: dict[K, V]) -> None:
        self._pending: dict[K, V] = dict(values)
        self._wake = asyncio.Event()

    def put(self, key: K, value: V) -> None:
        self._pending[key] = value
        self._wake.set()

    async def next(self) -> V:
        while not self._pending:
            self._wake.clear()
            await self._wake.wait()
        return self._pending.pop(next(iter(self._pending)))
