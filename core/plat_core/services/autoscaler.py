"""The loop around the pure autoscaler: it reads the load and scales every two seconds.

A function without replicas and calls costs nothing here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from plat_core.errors import PlatError
from plat_core.model.names import FunctionRef
from plat_core.ports import Route, Scaler
from plat_core.services.autoscale import (
    AutoscaleState,
    LoadSample,
    ScalingPolicy,
    decide,
    observe,
)

log = logging.getLogger(__name__)

TICK = 2.0


class ObservedLoad(Protocol):
    """The load of one function since the last sample."""

    @property
    def route(self) -> Route:
        """The function's route, with the bounds of its scale."""
        ...

    @property
    def concurrency(self) -> float:
        """The time-weighted mean of calls in flight or waiting."""
        ...

    @property
    def in_flight(self) -> int:
        """Number of calls that replicas work on."""
        ...

    @property
    def waiting(self) -> int:
        """Number of calls that wait for a replica."""
        ...

    @property
    def active_at(self) -> float:
        """Time of the last call, on the autoscaler's clock."""
        ...


class LoadSource(Protocol):
    """Where the autoscaler reads the load."""

    def samples(self) -> Sequence[ObservedLoad]:
        """Return the load of every function, and start a new interval for the means."""
        ...


class Quorum(Protocol):
    """The agreement of several gateways: one of them scales a function, by the load of all."""

    @property
    def complete(self) -> bool:
        """Whether the load of every gateway is known; an unknown one may have calls in flight."""
        ...

    def owns(self, ref: FunctionRef) -> bool:
        """Return whether this gateway scales the function."""
        ...


class SingleGateway:
    """The quorum of a gateway without peers."""

    complete = True

    def owns(self, ref: FunctionRef) -> bool:
        """Return True: this gateway scales every function."""
        return True


class Autoscaler:
    """Scales every function to its load.

    In a quorum, each gateway decides for every function, so that a new owner has the same windows.
    Only the owner acts, and it scales down only if the load of all gateways is known.
    """

    def __init__(
        self,
        *,
        loads: LoadSource,
        scaler: Scaler,
        clock: Callable[[], float],
        quorum: Quorum | None = None,
    ) -> None:
        self._loads = loads
        self._scaler = scaler
        self._clock = clock
        self._quorum: Quorum = quorum or SingleGateway()
        self._states: dict[FunctionRef, AutoscaleState] = {}

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            await asyncio.sleep(TICK)
            await self.tick()

    async def tick(self) -> None:
        """Scale every function that has replicas or calls."""
        now = self._clock()
        states: dict[FunctionRef, AutoscaleState] = {}
        for load in self._loads.samples():
            if not (load.route.endpoints or load.in_flight or load.waiting):
                continue
            ref = load.route.ref
            # a new replica counts as active, or it would be stopped before its first call
            state = self._states.get(ref) or AutoscaleState(last_active=now)
            state = observe(state, LoadSample(now, load.concurrency), active_at=load.active_at)
            states[ref] = await self._scale(load, state, now)
        self._states = states

    async def _scale(self, load: ObservedLoad, state: AutoscaleState, now: float) -> AutoscaleState:
        route = load.route
        policy = ScalingPolicy(route.min, route.max, route.target, route.idle)
        decision = decide(state, policy, ready=len(route.endpoints), now=now)
        replicas = decision.replicas
        busy = load.in_flight or load.waiting
        certain = self._quorum.complete or (replicas or 0) > len(route.endpoints)
        # do not request the present number: the function may just have been scaled to zero
        if replicas not in (None, len(route.endpoints)) and (replicas or not busy):
            if not certain or not self._quorum.owns(route.ref):
                return decision.state
            try:
                await self._scaler.scale(route.ref, replicas)
            except PlatError as error:
                log.warning("%s was not scaled to %d: %s", route.ref, replicas, error)
        return decision.state
