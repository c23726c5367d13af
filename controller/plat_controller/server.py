"""The gateway's server, with `/invoke/` as another name of `/function/`."""

from __future__ import annotations

from plat_gateway.proxy.connection import ClientConnection
from plat_gateway.proxy.http_parser import RequestHead
from plat_gateway.proxy.paths import PREFIX
from plat_gateway.proxy.protocols import Exchange
from plat_gateway.server import Server

INVOKE = b"/invoke/"


class ControllerServer(Server):
    """Serve calls under `/invoke/` like a gateway does under `/function/`."""

    def max_body_bytes(self, head: RequestHead) -> int | None:
        """Return the limit of this request's body; None for no limit."""
        return super().max_body_bytes(_renamed(head))

    def create_exchange(self, connection: ClientConnection, head: RequestHead) -> Exchange | None:
        """Return the exchange for a request; None if the response has been sent."""
        return super().create_exchange(connection, _renamed(head))


def _renamed(head: RequestHead) -> RequestHead:
    if head.target.startswith(INVOKE):
        head.target = PREFIX + head.target[len(INVOKE) :]
    return head
