"""The remote backend: the ports of a platform whose controller runs elsewhere, over its HTTP API.

It is a client of that API and keeps nothing but the last known routes: while the controller is
away, calls to running functions go on, and everything else is `Unavailable`.
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
