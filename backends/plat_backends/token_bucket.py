"""Token bucket: limits the rate of actions and allows a burst.

The module is smaller than an adapter for aiolimiter, and tests inject its clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class TokenBucket:
    """Provides `rate` tokens per second and stores at most `burst`; first come, first served."""

    def __init__(
        self, rate: float, burst: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._updated_at = clock()

    def try_take(self, tokens: float) -> bool:
        """Take tokens if that many are stored; return whether they were."""
        self._refill()
        if tokens > self._tokens:
            return False
        self._tokens -= tokens
        return True

    def reserve(self) -> float:
        """Take a token and return the seconds until it may be used."""
        self._refill()
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    async def take(self) -> None:
        """Wait for a token."""
        if delay := self.reserve():
            await asyncio.sleep(delay)

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._updated_at) * self._rate)
        self._updated_at = now
