"""Settings for the pods of all functions of an installation. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ANY_USER = 65532
ACCOUNT = "plat-function"
NETWORK_POLICY = "plat-functions"
PULL_SECRETS = "plat.dev/pull-secrets"
"""Annotation with the pull secrets that plat added, so that it can remove them again."""

STOP_GRACE = 10
"""Seconds to exit after SIGTERM, in addition to the timeout of the function."""
DRAIN = 2
"""Seconds between the deletion of a pod and SIGTERM, in which gateways remove its endpoint."""


@dataclass(frozen=True, slots=True)
class PodPolicy:
    """Settings for the pods of all functions.

    `namespace` is the namespace of the platform, the only one that may call functions.
    `environment` has variables for every replica, such as those of a proxy. `cpu` and `memory` are
    the default requests, and `memory_limit` is the default limit. `start` is the deadline in
    seconds for a revision to become ready. `pull_secrets` are names of Secrets with registry
    credentials in the namespace of each function.
    """

    namespace: str = "plat-system"
    environment: Mapping[str, str] = field(default_factory=dict)
    cpu: str = "50m"
    memory: str = "64Mi"
    memory_limit: str = "512Mi"
    temporary: str = "128Mi"
    start: int = 120
    pull_secrets: tuple[str, ...] = ()
    ipv6: bool = False
    """Whether pods have IPv6 addresses. Otherwise the network policy has no rule for them, because
    some network plugins reject it."""
