"""The caches of the operator, one per kind."""

from __future__ import annotations

from dataclasses import dataclass, field

from plat_core.model.names import FunctionRef

from plat_backends.kubernetes.cache import Cache
from plat_backends.kubernetes.kinds import Document, ref_of


def _no_function(_document: Document) -> FunctionRef | None:
    return None


def _unindexed() -> Cache:
    return Cache(_no_function)


@dataclass(frozen=True, slots=True)
class Caches:
    """The state of the cluster; of secrets only the metadata."""

    functions: Cache = field(default_factory=lambda: Cache(ref_of))
    revisions: Cache = field(default_factory=Cache)
    deployments: Cache = field(default_factory=Cache)
    pods: Cache = field(default_factory=Cache)
    services: Cache = field(default_factory=Cache)
    budgets: Cache = field(default_factory=Cache)
    accounts: Cache = field(default_factory=_unindexed)
    defaults: Cache = field(default_factory=_unindexed)
    """The accounts `default` of all namespaces."""
    policies: Cache = field(default_factory=_unindexed)
    secrets: Cache = field(default_factory=_unindexed)
