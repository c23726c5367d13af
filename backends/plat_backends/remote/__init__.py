"""The remote backend: the ports over the HTTP API of a function controller.

It stores only the last routes. While the controller is away, calls reach running functions, and
every other operation raises Unavailable.
"""

from plat_backends.remote.api import ControllerApi
from plat_backends.remote.builds import RemoteBuilds
from plat_backends.remote.functions import RemoteFunctionStore, RemoteWorkloads
from plat_backends.remote.records import RemoteLogs, RemoteSecretStore
from plat_backends.remote.routes import RemoteRoutes

__all__ = [
    "ControllerApi",
    "RemoteBuilds",
    "RemoteFunctionStore",
    "RemoteLogs",
    "RemoteRoutes",
    "RemoteSecretStore",
    "RemoteWorkloads",
]
