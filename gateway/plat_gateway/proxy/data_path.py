"""The collaborators that all exchanges with functions share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plat_core.services.router import Router

from plat_gateway.proxy.call_records import CallRecord
from plat_gateway.proxy.connection_pool import ConnectionPools
from plat_gateway.proxy.limits import HttpLimits


@dataclass(frozen=True, slots=True)
class DataPath:
    """Router, connections and limits; `on_call` is called with each finished call."""

    router: Router
    pools: ConnectionPools
    limits: HttpLimits
    on_call: Callable[[CallRecord], None] | None
