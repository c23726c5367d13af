"""Where functions answer, and how many replicas are asked for: the data path's side."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from plat_core.errors import PlatError
from plat_core.model.names import FunctionRef
from plat_core.ports import Route, RouteRemoved
from plat_core.wire import WATCH_PATH, Demand, RouteLine

from plat_backends.remote.api import ControllerApi, Retries
from plat_backends.remote.functions import path, query


class RemoteRoutes:
    """`Resolver` and `Scaler`. What was learned last holds until the controller says otherwise."""

    def __init__(self, api: ControllerApi) -> None:
        self._api = api
        self.synced = False
        """Whether the controller was ever reached."""
        self._awaited: set[FunctionRef] | None = None

    @property
    def complete(self) -> bool:
        """Whether every function that there was at first has told its route: who is not known
        then, is not there."""
        return self._awaited is not None and not self._awaited

    async def watch(self) -> AsyncGenerator[Route | RouteRemoved, None]:
        """See `Resolver.watch`; connects again for ever, and tells then what went meanwhile."""
        retries = Retries("the watch of routes")
        known: set[FunctionRef] = set()
        while True:
            try:
                async with self._api.stream(WATCH_PATH, accept="application/x-ndjson") as lines:
                    async for line in lines:
                        retries.reached()
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
        gone: set[FunctionRef] = set()
        if line.present is not None:
            gone = known - set(line.present)
        elif line.removed is not None:
            gone = known & {line.removed}
        known -= gone
        return [RouteRemoved(ref) for ref in sorted(gone)]

    def _expect(self, line: RouteLine) -> None:
        if line.present is not None and self._awaited is None:
            self._awaited = set(line.present)
        elif self._awaited:
            told = line.route.ref if line.route else line.removed
            present = self._awaited if line.present is None else set(line.present)
            self._awaited = (self._awaited & present) - {told}

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        """See `Scaler.scale`; raises Unavailable while the controller is away."""
        demand = Demand(replicas=replicas).model_dump()
        await self._api.call("POST", f"{path(ref)}/demand", json=demand, params=query(ref))
