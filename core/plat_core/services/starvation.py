"""Gateways that need slots of a function and hold none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from plat_core.services.slot_allocation import SlotClaim

STARVED: Final = 0.1
"""Time without any slot (s) after which a gateway is served first."""


class Starvation:
    """Since when each gateway has been without slots, by function."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}

    def __bool__(self) -> bool:
        """Return whether any gateway is without slots."""
        return bool(self._since)

    @property
    def segments(self) -> set[str]:
        """Functions that some gateway has no slots of."""
        return {segment for segment, _ in self._since}

    def update(self, segment: str, claims: Mapping[str, SlotClaim], now: float) -> list[str]:
        """Store who is without slots of a function; return those that are starved."""
        without = {n for n, c in claims.items() if c.demand and not any(c.held.values())}
        before = {n: since for (s, n), since in self._since.items() if s == segment}
        for name in before.keys() - without:
            del self._since[segment, name]
        for name in without - before.keys():
            self._since[segment, name] = now
        return [n for n in without if now - before.get(n, now) >= STARVED]

    def retain(self, exists: Callable[[str], object]) -> None:
        """Drop functions for which `exists` is false."""
        self._since = {key: since for key, since in self._since.items() if exists(key[0])}

    def clear(self) -> None:
        """Drop everything."""
        self._since.clear()
