"""Routes and demand for replicas, over the API of the controller."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from plat_core.errors import PlatError
from plat_core.model.names import FunctionRef
from plat_core.ports import Route, RouteRemoved
from plat_core.wire import WATCH_PATH, Demand, RouteLine

from plat_backends.remote.api import ControllerApi, RetryLoop
from plat_backends.remote.functions import path, query


class RemoteRoutes:
    """`Resolver` and `Scaler`. Keeps the last routes while the controller is away."""

    def __init__(self, api: ControllerApi) -> None:
        self._api = api
        self.synced = False
        """Whether the controller was reached once."""
        self._awaited: set[FunctionRef] | None = None

    @property
    def complete(self) -> bool:
        """Whether the routes of all functions of the first list arrived.

        An unknown function then does not exist.
        """
        return self._awaited is not None and not self._awaited

    async def watch(self) -> AsyncGenerator[Route | RouteRemoved, None]:
        """See `Resolver.watch`; reconnects forever and reports functions removed meanwhile."""
        retries = RetryLoop("the watch of routes")
        known: set[FunctionRef] = set()
        while True:
            try:
                async with self._api.stream(WATCH_PATH, accept="application/x-ndjson") as lines:
                    async for line in lines:
                        retries.succeeded()
                        for update in self._updates(RouteLine.model_validate_json(line), known):
                            yield update
            except PlatError as error:
                await retries.failed(error)

    def _updates(self, line: RouteLine, known: set[FunctionRef]) -> list[Route | RouteRemoved]:
        self.synced = True
        self._expect(line)
        if line.route is not None:
            known.add(line.route.ref)
            return [line.route]
        removed: set[FunctionRef] = set()
        if line.present is not None:
            removed = known - set(line.present)
        elif line.removed is not None:
            removed = known & {line.removed}
        known -= removed
        return [RouteRemoved(ref) for ref in sorted(removed)]

    def _expect(self, line: RouteLine) -> None:
        if line.present is not None and self._awaited is None:
            self._awaited = set(line.present)
        elif self._awaited:
            known = line.route.ref if line.route else line.removed
            present = self._awaited if line.present is None else set(line.present)
            self._awaited = (self._awaited & present) - {known}

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        """See `Scaler.scale`; raises Unavailable while the controller is away."""
        demand = Demand(replicas=replicas).model_dump()
        await self._api.call("POST", f"{path(ref)}/demand", json=demand, params=query(ref))
