"""Bounded cache of parsed documents. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MAX_PARSED: Final = 64
"""Functions that stay parsed. The reads of one function come in bursts."""


class ParsedDocuments(Generic[T]):
    """The documents parsed last, one version of each key."""

    def __init__(self, max_size: int = MAX_PARSED) -> None:
        self._max_size = max_size
        self._parsed: dict[Hashable, tuple[object, T]] = {}

    def get(self, key: Hashable, version: object, parse: Callable[[], T]) -> T:
        """Return the document of this version, and parse it if it is not stored."""
        stored = self._parsed.get(key)
        if stored is not None and stored[0] == version:
            return stored[1]
        document = parse()
        self.discard(key)
        self._parsed[key] = (version, document)
        if len(self._parsed) > self._max_size:
            del self._parsed[next(iter(self._parsed))]
        return document

    def discard(self, key: Hashable) -> None:
        """Remove a key, if it is stored."""
        self._parsed.pop(key, None)
