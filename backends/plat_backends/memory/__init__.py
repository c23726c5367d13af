"""The memory backend: a fake of every port, for tests only.

It meets the contracts of the ports like any other backend. It starts no process and never waits:
tests inject the clock and trigger every change of state.
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
