"""A scaler that remembers what it was asked for."""

from __future__ import annotations

from plat_core.model.names import FunctionRef


class MemoryScaler:
    """`Scaler` that does nothing but keep each wish, in order."""

    def __init__(self) -> None:
        self.requests: list[tuple[FunctionRef, int]] = []

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        """See `Scaler.scale`."""
        self.requests.append((ref, replicas))
