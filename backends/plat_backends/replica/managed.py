"""State of one replica that a backend manages itself, as a process or as a container."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal

from plat_core.ports import Endpoint, Failure, Replica, ReplicaState

from plat_backends.replica.health import HealthMonitor
from plat_backends.replica.restarts import RestartCounter
from plat_backends.replica.timing import ReplicaTiming


class ManagedReplica(ABC):
    """One replica from its start to its removal: the vocabulary that all managers share.

    `on_changed` is called after each change of its state.
    """

    def __init__(
        self,
        id_: str,
        revision: int,
        *,
        timing: ReplicaTiming,
        created_at: float,
        on_changed: Callable[[], None],
    ) -> None:
        self.id = id_
        self.revision = revision
        self.created_at = created_at
        self.state: ReplicaState = "starting"
        self._timing = timing
        self._on_changed = on_changed
        self._since = time.time()
        self._endpoint: Endpoint | None = None
        self._failure: Failure | None = None
        self._held = False
        self._restarts = RestartCounter(timing)
        self._health = HealthMonitor(timing)

    @abstractmethod
    def start(self) -> None:
        """Start it, and restart it until `stop`."""

    @abstractmethod
    def stop(self, *, drain: bool = True) -> None:
        """Finish the calls in flight, then end and remove it; a second call is a no-op.

        `drain`: requests may still arrive until all gateways notice that it is stopping.
        """

    @abstractmethod
    async def wait_removed(self) -> None:
        """Wait until it is removed after `stop`."""

    def _snapshot(self, now: float) -> Replica:
        ready = self.state == "ready"
        return Replica(
            id=self.id,
            revision=self.revision,
            state=self.state,
            since=self._since,
            endpoint=self._endpoint if ready else None,
            restarts=self._restarts.restarts(now),
            failure=None if ready else self._failure,
        )

    def _become(self, state: ReplicaState) -> None:
        """Enter a state, unless the state is held."""
        if not self._held and state != self.state:
            self.state, self._since = state, time.time()
            self._on_changed()

    def _become_ready(self, endpoint: Endpoint) -> None:
        if not self._held:
            self._endpoint, self._failure = endpoint, None
            self._become("ready")

    def _fail(self, state: Literal["unready", "waiting"], failure: Failure) -> None:
        """Enter a state because of a failure, unless the state is held."""
        if not self._held and (state, failure) != (self.state, self._failure):
            self.state, self._failure, self._since = state, failure, time.time()
            self._on_changed()

    def _hold(self, state: Literal["paused", "stopping"]) -> None:
        """Enter a state that only `_hold` and `_release` change."""
        self._held = False
        self._become(state)
        self._held = True

    def _release(self, state: ReplicaState) -> None:
        self._held = False
        self._become(state)
