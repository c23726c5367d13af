"""The memory backend: the shipped fake of every port, for tests and for nothing else.

It keeps the ports' contracts like any other backend, starts nothing, and never waits: its clock is
handed in, and what would take time elsewhere is told to happen.
"""

from plat_backends.memory.calls import MemoryCallStore
from plat_backends.memory.logs import MemoryLogs
from plat_backends.memory.scaler import MemoryScaler
from plat_backends.memory.stores import MemoryFunctionStore, MemorySecretStore
from plat_backends.memory.workloads import (
    CrashingWorkloads,
    MemoryWorkloads,
    NeverReadyWorkloads,
    SlowWorkloads,
)

__all__ = [
    "CrashingWorkloads",
    "MemoryCallStore",
    "MemoryFunctionStore",
    "MemoryLogs",
    "MemoryScaler",
    "MemorySecretStore",
    "MemoryWorkloads",
    "NeverReadyWorkloads",
    "SlowWorkloads",
]
