"""Merged notifications: what every in-process `watch` is made of.

A change that was not yet taken swallows later ones of the same thing, so a slow reader costs one
entry per thing and never loses the latest state.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from typing import Generic, TypeVar
from weakref import WeakSet

K = TypeVar("K", bound=Hashable)


class Pending(Generic[K]):
    """The changes that one watcher has not taken yet, oldest first."""

    def __init__(self) -> None:
        self._refs: dict[K, None] = {}
        self._filled = asyncio.Event()

    def add(self, ref: K) -> None:
        """Remember a change; one that is already there stays where it is."""
        self._refs.setdefault(ref)
        self._filled.set()

    async def take(self) -> K:
        """The oldest change, as soon as there is one."""
        await self._filled.wait()
        ref = next(iter(self._refs))
        del self._refs[ref]
        if not self._refs:
            self._filled.clear()
        return ref


class Changes(Generic[K]):
    """Where changes are told and watched, within one event loop."""

    def __init__(self) -> None:
        self._watchers: WeakSet[Pending[K]] = WeakSet()

    def tell(self, ref: K) -> None:
        """Tell every watcher that `ref` changed."""
        for pending in tuple(self._watchers):
            pending.add(ref)

    def subscribe(self) -> Pending[K]:
        """Changes from this moment on; it ends when the result is dropped."""
        pending: Pending[K] = Pending()
        self._watchers.add(pending)
        return pending

    def watch(self) -> AsyncIterator[K]:
        """Changes from this call on, even those before the first one is asked for."""
        return drain(self.subscribe())


async def drain(pending: Pending[K]) -> AsyncIterator[K]:
    """Every change of `pending`, for ever."""
    while True:
        yield await pending.take()
