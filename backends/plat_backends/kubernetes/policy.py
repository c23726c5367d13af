"""What holds for every child of this installation. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ANY_USER = 65532
ACCOUNT = "plat-function"
NETWORK_POLICY = "plat-functions"
PULL_SECRETS = "plat.dev/pull-secrets"
"""An annotation: which logins the account has from here, so that one taken away goes as well."""

STOP_GRACE = 10
"""Seconds that a replica has beside the function's timeout to end after SIGTERM."""
DRAIN = 2
"""Seconds between the decision to end a replica and SIGTERM, while callers still learn of it."""


@dataclass(frozen=True, slots=True)
class PodPolicy:
    """`namespace` is where the platform itself runs: from there alone functions are called.

    `environment` is what a company's network needs in every replica; `cpu` and `memory` are
    requested, and `memory_limit` is the limit, where a function names none. `start`: seconds
    within which a revision has to be ready. `pull_secrets` are the names of Secrets with the login
    of a registry, which are looked for in each function's own namespace.
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
    """Whether pods have addresses of IPv6. Where they have none, a rule about them is left out:
    not every network takes it."""
