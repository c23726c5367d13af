"""The ports: what the services need from a backend, and nothing about how a backend does it.

The docstring of each protocol is a contract. It states what holds before, during and after a call,
and what a second call does. Every backend passes the same suite (`tests/contract`). A backend
without an ability raises `NotSupported`. This package imports only the model, and does no I/O.
"""

from plat_core.ports.builder import Builder
from plat_core.ports.call_store import CallStore
from plat_core.ports.function_store import FunctionStore, Record, Revision
from plat_core.ports.logs import LogQuery, LogRecord, LogSource
from plat_core.ports.routes import (
    Resolver,
    Route,
    RouteRemoved,
    RouteState,
    Scaler,
    build_route,
)
from plat_core.ports.secrets import SecretStore, SecretVersions
from plat_core.ports.workloads import (
    Endpoint,
    Failure,
    Replica,
    ReplicaState,
    Workload,
    Workloads,
)

__all__ = [
    "Builder",
    "CallStore",
    "Endpoint",
    "Failure",
    "FunctionStore",
    "LogQuery",
    "LogRecord",
    "LogSource",
    "Record",
    "Replica",
    "ReplicaState",
    "Resolver",
    "Revision",
    "Route",
    "RouteRemoved",
    "RouteState",
    "Scaler",
    "SecretStore",
    "SecretVersions",
    "Workload",
    "Workloads",
    "build_route",
]
