"""The loop around the pure autoscaler: load in, `Scaler.scale` out, every two seconds.

A function without a replica and without a caller costs nothing here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from plat_core.errors import PlatError
from plat_core.model.names import FunctionRef
from plat_core.ports import Route, Scaler
from plat_core.services.autoscale import Policy, Sample, State, decide, observe

log = logging.getLogger(__name__)

TICK = 2.0


@dataclass(frozen=True, slots=True)
class Load:
    """What the data path saw of one function since it was last asked.

    `concurrency` is the time-weighted mean of calls in flight or waiting; `active_at` the last
    moment with a call, in the loop's seconds, or None where there was none yet.
    """

    route: Route
    concurrency: float
    in_flight: int
    active_at: float | None


class LoadSource(Protocol):
    """The data path, as the autoscaler sees it."""

    def loads(self) -> Iterable[Load]:
        """One entry for each function that has an endpoint or a caller."""
        ...


class Autoscaler:
    """Decides for all functions how many replicas the load asks for."""

    def __init__(self, *, loads: LoadSource, scaler: Scaler, clock: Callable[[], float]) -> None:
        self._loads = loads
        self._scaler = scaler
        self._clock = clock
        self._states: dict[FunctionRef, State] = {}

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            await asyncio.sleep(TICK)
            await self.tick()

    async def tick(self) -> None:
        """One round over all functions that have a replica or a caller."""
        now = self._clock()
        seen: dict[FunctionRef, State] = {}
        for load in list(self._loads.loads()):
            ref = load.route.ref
            # a replica that just came up counts as active: it was started for a reason
            state = self._states.get(ref) or State(last_active=now)
            state = observe(state, Sample(now, load.concurrency), active_at=load.active_at)
            seen[ref] = await self._settle(load, state, now)
        self._states = seen

    async def _settle(self, load: Load, state: State, now: float) -> State:
        route = load.route
        policy = Policy(route.min, route.max, route.target, route.idle)
        decision = decide(state, policy, ready=len(route.endpoints), now=now)
        replicas = decision.replicas
        if replicas is not None and not (replicas == 0 and load.in_flight):
            try:
                await self._scaler.scale(route.ref, replicas)
            except PlatError as error:
                log.warning("%s was not scaled to %d: %s", route.ref, replicas, error)
        return decision.state
