"""What every replica of a backend shares: its times, Docker, secrets, and who hears of changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plat_core.ports import SecretStore

from plat_backends.docker.engine import Engine
from plat_backends.docker.logs import LogArchive
from plat_backends.docker.spec import ContainerPolicy, ReplicaName


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, but for `misses`, which counts probes."""

    start: float = 60.0
    """How long a container may take until it is ready."""
    probe: float = 2.0
    """Between two looks at a ready replica, and how long each may take."""
    misses: int = 3
    """Failed health probes after which it is killed."""
    drain: float = 0.3
    """From leaving the routes to SIGTERM: what gateways that learn of it over the wire may need."""
    backoff: float = 0.5
    """The first delay before a restart; it doubles."""
    backoff_most: float = 30.0
    settled: float = 10.0
    """After so long in readiness, earlier crashes are forgotten."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every replica of a backend shares."""

    engine: Engine
    secrets: SecretStore
    policy: ContainerPolicy
    archive: LogArchive
    changed: Callable[[ReplicaName], None]
    timing: Timing
