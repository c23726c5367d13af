"""The docker backend: a replica is a container on a private network, an artifact is an image.

`spec` and `failures` are pure, `engine` wraps the blocking Docker SDK, `container_replica` manages
one replica, and `workloads` and `logs` implement the ports. It may only touch containers, volumes
and images with the labels of this installation.
"""

from plat_backends.docker.engine import Engine
from plat_backends.docker.logs import DockerLogs, LogArchive
from plat_backends.docker.spec import ContainerPolicy
from plat_backends.docker.workloads import DockerWorkloads

__all__ = ["ContainerPolicy", "DockerLogs", "DockerWorkloads", "Engine", "LogArchive"]
