"""What all replicas of the backend share: Docker, secrets, policy, timing and a callback."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plat_core.ports import SecretStore

from plat_backends.docker.engine import Engine
from plat_backends.docker.logs import LogArchive
from plat_backends.docker.spec import ContainerPolicy, ReplicaName
from plat_backends.replica.timing import ReplicaTiming

DOCKER_TIMING = ReplicaTiming(probe=2.0, drain=0.3)
"""`drain` covers gateways that learn of a route's removal over the network."""


@dataclass(frozen=True, slots=True)
class ReplicaContext:
    """What all replicas of the backend share."""

    engine: Engine
    secrets: SecretStore
    policy: ContainerPolicy
    archive: LogArchive
    on_changed: Callable[[ReplicaName], None]
    timing: ReplicaTiming
