"""The embedded backend: a replica is a process of this machine that listens on a Unix socket.

It starts, watches, restarts and ends processes and keeps what they write. It knows nothing of
calls, routes or scaling, reads no setting, and needs Linux (pidfd, /proc). `launch.py` alone runs
inside a replica; everything else here runs in the platform.
"""

from plat_backends.embedded.logs import EmbeddedLogs
from plat_backends.embedded.replica import Timing
from plat_backends.embedded.workloads import EmbeddedWorkloads

__all__ = ["EmbeddedLogs", "EmbeddedWorkloads", "Timing"]
