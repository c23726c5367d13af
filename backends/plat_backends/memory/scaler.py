"""A scaler that records its requests."""

from __future__ import annotations

from plat_core.model.names import FunctionRef


class MemoryScaler:
    """`Scaler` that only records each request, in order."""

    def __init__(self) -> None:
        self.requests: list[tuple[FunctionRef, int]] = []

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        """See `Scaler.scale`."""
        self.requests.append((ref, replicas))
