"""The docker backend: a replica is a container on a private network, an artifact an image.

`spec` and `failures` are pure; `engine` is the one seam to the blocking Docker SDK; `life` keeps
one replica running; `workloads` and `logs` are the ports. Only containers, volumes and images that
carry this installation's labels are ever touched.
"""

from plat_backends.docker.engine import Engine
from plat_backends.docker.logs import DockerLogs, LogArchive
from plat_backends.docker.spec import ContainerPolicy
from plat_backends.docker.workloads import DockerWorkloads

__all__ = ["ContainerPolicy", "DockerLogs", "DockerWorkloads", "Engine", "LogArchive"]
