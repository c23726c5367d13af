"""Notifications within one process and event loop: every in-process `watch` is built on them.

Notifications are merged by key. A slow reader costs one entry per key, never a growing queue, and
always reads the latest state.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable, Iterable
from typing import Generic, Self, TypeVar
from weakref import WeakSet

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Subscription(Generic[K]):
    """The keys that changed and that its reader has not taken yet, oldest first."""

    def __init__(self, subscribers: WeakSet[Subscription[K]]) -> None:
        self._subscribers = subscribers
        self._pending: dict[K, None] = {}
        self._filled = asyncio.Event()
        subscribers.add(self)

    def add(self, *keys: K) -> None:
        """Queue keys; one that is queued already keeps its position."""
        for key in keys:
            self._pending.setdefault(key)
            self._filled.set()

    async def take(self) -> K:
        """Wait for a change and return the oldest one."""
        await self._filled.wait()
        key = next(iter(self._pending))
        del self._pending[key]
        if not self._pending:
            self._filled.clear()
        return key

    async def take_all(self) -> tuple[K, ...]:
        """Wait for a change and return all of them."""
        await self._filled.wait()
        self._filled.clear()
        taken, self._pending = tuple(self._pending), {}
        return taken

    async def keys(self) -> AsyncGenerator[K, None]:
        """Yield each change until closed."""
        with self:
            while True:
                yield await self.take()

    def close(self) -> None:
        """Receive no further notifications."""
        self._subscribers.discard(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Notifier(Generic[K]):
    """Notifies its subscriptions that a key changed."""

    def __init__(self) -> None:
        # weak, because a generator that was never started cannot close its subscription
        self._subscribers: WeakSet[Subscription[K]] = WeakSet()

    @property
    def subscribers(self) -> int:
        """Number of open subscriptions."""
        return len(self._subscribers)

    def notify(self, key: K) -> None:
        """Notify every subscription that `key` changed."""
        for subscription in tuple(self._subscribers):
            subscription.add(key)

    def subscribe(self, initial: Iterable[K] = ()) -> Subscription[K]:
        """Return a subscription to `initial` and to all changes from this call on."""
        subscription = Subscription(self._subscribers)
        subscription.add(*initial)
        return subscription

    def watch(self) -> AsyncGenerator[K, None]:
        """Yield all changes from this call on, including those before the first iteration."""
        return self.subscribe().keys()


class LatestValues(Generic[K, V]):
    """The latest value of each key, for any number of watchers.

    Watchers receive `removed(key)` for a key that was removed.
    """

    def __init__(self, removed: Callable[[K], V]) -> None:
        self._removed = removed
        self._values: dict[K, V] = {}
        self._changes: Notifier[K] = Notifier()

    def publish(self, key: K, value: V) -> None:
        """Set the value of a key; an equal value notifies no watcher."""
        if self._values.get(key) == value:
            return
        self._values[key] = value
        self._changes.notify(key)

    def remove(self, key: K) -> None:
        """Remove a key; a second call is a no-op."""
        if self._values.pop(key, None) is not None:
            self._changes.notify(key)

    async def watch(self) -> AsyncGenerator[V, None]:
        """Yield all values, then each change, until closed."""
        with self._changes.subscribe(self._values) as subscription:
            while True:
                key = await subscription.take()
                value = self._values.get(key)
                yield self._removed(key) if value is None else value
