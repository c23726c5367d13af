"""A deadline that moves often, such as the idle limit of a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Final

NEVER: Final = float("inf")


class Deadline:
    """Calls `on_expired` once the deadline has passed.

    Most deadlines are extended long before they pass. Extending one only stores a number: the
    event loop's timer stays where it is and starts again if it fires too early.
    """

    __slots__ = ("_at", "_loop", "_on_expired", "_timer", "_timer_at")

    def __init__(self, loop: asyncio.AbstractEventLoop, on_expired: Callable[[], None]) -> None:
        self._loop = loop
        self._on_expired = on_expired
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = self._at = NEVER

    def expire_in(self, seconds: float) -> None:
        """Set the deadline, replacing the one before."""
        self._at = at = monotonic() + seconds
        if at < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = at
            self._timer = self._loop.call_later(seconds, self._fire)

    @property
    def remaining(self) -> float:
        """Seconds until the deadline; not positive once it has passed."""
        return self._at - monotonic()

    def cancel(self) -> None:
        """Never call `on_expired` again, unless a new deadline is set."""
        self._at = NEVER
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self._timer_at = None, NEVER

    def _fire(self) -> None:
        self._timer, self._timer_at = None, NEVER
        remaining = self.remaining
        if remaining <= 0:
            self._on_expired()
        elif remaining != NEVER:
            self.expire_in(remaining)
