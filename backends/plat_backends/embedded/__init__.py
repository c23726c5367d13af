"""The embedded backend: a replica is a process on this machine that listens on a Unix socket.

It starts, probes, restarts and stops processes and stores their output. It may not depend on calls,
routes or scaling, reads no settings, and needs Linux (pidfd, /proc). `launch.py` runs inside a
replica; all other modules run in the platform.
"""

from plat_backends.embedded.logs import EmbeddedLogs
from plat_backends.embedded.workloads import EmbeddedWorkloads

__all__ = ["EmbeddedLogs", "EmbeddedWorkloads"]
