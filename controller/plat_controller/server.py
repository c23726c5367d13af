"""The gateway's server, where `/invoke/` is the documented name of `/function/`."""

from __future__ import annotations

from plat_gateway.proxy.connection import Connection
from plat_gateway.proxy.heads import RequestHead
from plat_gateway.proxy.roles import Exchange
from plat_gateway.proxy.targets import PREFIX
from plat_gateway.server import Server

INVOKE = b"/invoke/"


class ControllerServer(Server):
    """Serves calls under `/invoke/` exactly as a gateway does under `/function/`."""

    def body_limit(self, head: RequestHead) -> int | None:
        """How many bytes the body of this request may have."""
        return super().body_limit(_renamed(head))

    def exchange(self, connection: Connection, head: RequestHead) -> Exchange | None:
        """Who answers this request; None where it has been answered already."""
        return super().exchange(connection, _renamed(head))


def _renamed(head: RequestHead) -> RequestHead:
    if head.target.startswith(INVOKE):
        head.target = PREFIX + head.target[len(INVOKE) :]
    return head
