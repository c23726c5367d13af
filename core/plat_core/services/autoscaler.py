"""The loop around the pure autoscaler: load in, `Scaler.scale` out, every two seconds.

A function without a replica and without a caller costs nothing here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from plat_core.errors import PlatError
from plat_core.model.names import FunctionRef
from plat_core.ports import Route, Scaler
from plat_core.services.autoscale import Policy, Sample, State, decide, observe

log = logging.getLogger(__name__)

TICK = 2.0


class Load(Protocol):
    """What the data path saw of one function since it was last asked."""

    @property
    def route(self) -> Route:
        """Which function, and between which bounds it scales."""
        ...

    @property
    def concurrency(self) -> float:
        """The time-weighted mean of calls in flight or waiting."""
        ...

    @property
    def in_flight(self) -> int:
        """Calls that a replica works on now."""
        ...

    @property
    def waiting(self) -> int:
        """Calls that are held now."""
        ...

    @property
    def active_at(self) -> float:
        """When there was last a call, on the autoscaler's clock."""
        ...


class LoadSource(Protocol):
    """The data path, as the autoscaler sees it."""

    def samples(self) -> Sequence[Load]:
        """The load of every function; each call begins a new span for the mean."""
        ...


class Quorum(Protocol):
    """Where several look at the same load: who of them acts, and whether all of it is seen."""

    @property
    def complete(self) -> bool:
        """Whether everybody told of the load there; what is not known may be a call in flight."""
        ...

    def keeps(self, ref: FunctionRef) -> bool:
        """Whether it is this one who asks for replicas of the function."""
        ...


class Alone:
    """The quorum of one."""

    complete = True

    def keeps(self, ref: FunctionRef) -> bool:
        """Every function is ours."""
        return True


class Autoscaler:
    """Decides for all functions how many replicas the load asks for.

    With a quorum of several, each decides for every function, so that whoever has to take over
    knows the same windows; the keeper alone acts, and takes nothing away on half the knowledge.
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
        self._quorum: Quorum = quorum or Alone()
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
        for load in self._loads.samples():
            if not (load.route.endpoints or load.in_flight or load.waiting):
                continue
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
        busy = load.in_flight or load.waiting
        known = self._quorum.complete or (replicas or 0) > len(route.endpoints)
        # what is there already is not asked for: it may just have been told to sleep
        if replicas not in (None, len(route.endpoints)) and (replicas or not busy):
            if not known or not self._quorum.keeps(route.ref):
                return decision.state
            try:
                await self._scaler.scale(route.ref, replicas)
            except PlatError as error:
                log.warning("%s was not scaled to %d: %s", route.ref, replicas, error)
        return decision.state
