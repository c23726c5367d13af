"""Which header lines pass, which end here, and which are set by the platform.

Lines that pass are never touched: spelling, order and bytes stay. Hop-by-hop ones go in both
directions (RFC 9110 §7.6.1), and so do those that only the platform may set. What a function says
of the whole origin, which it shares with the console and with other functions, ends here too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from plat_gateway.proxy.heads import RequestHead, ResponseHead, tokens

Network = IPv4Network | IPv6Network

_HOP_BY_HOP: Final = (
    b"connection",
    b"keep[-_]alive",
    b"proxy[-_]connection",
    b"te",
    b"transfer[-_]encoding",
    b"upgrade",
)
_OPTIONS_KEPT: Final = frozenset({b"close", b"keep-alive", b"upgrade"})
_NEVER_NAMED: Final = frozenset({b"host", b"content-length", b"x-call-id"})


def _dropping(*names: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"\r\n(?i:" + b"|".join(names) + rb"):[^\r]*")


# CGI and WSGI cannot tell `X_Call_Id` from `X-Call-Id`: what only the platform may say goes in both
_REQUEST_DROPPED = (
    *_HOP_BY_HOP,
    b"proxy[-_]authorization",
    b"x[-_]call[-_]id",
    b"traceparent",
    b"forwarded",
    b"x[-_]forwarded[-_](?:for|host|proto)",
)
_REQUEST = _dropping(b"authorization", *_REQUEST_DROPPED)
_REQUEST_WITH_AUTHORIZATION = _dropping(*_REQUEST_DROPPED)
# a browser takes these as said by the origin, not by the path that said them (decision 12): reach
# beyond the function's own path, the console's storage emptied, other ways for all requests
_OF_ORIGIN: Final = (
    b"service-worker-allowed",
    b"clear-site-data",
    b"strict-transport-security",
    b"alt-svc",
    b"nel",
    b"report-to",
)
_RESPONSE = _dropping(
    *_HOP_BY_HOP, b"proxy-authenticate", b"x-call-id", b"x-plat-answer", *_OF_ORIGIN
)
_TRAILER = _dropping(
    *_HOP_BY_HOP, b"host", b"content-length", b"authorization", b"x[-_]call[-_]id", b"x-plat-answer"
)


class Peer:
    """Who is at the other end of a connection, and what is said of it to functions.

    `X-Forwarded-*` and `Forwarded` of a trusted proxy are kept and appended to; anybody else's are
    replaced.
    """

    __slots__ = ("_node", "address", "socket_name", "trusted")

    def __init__(self, socket_name: object, trusted: Sequence[Network]) -> None:
        self.socket_name: tuple[str, int] | None = None
        if isinstance(socket_name, tuple) and len(socket_name) >= 2:
            self.socket_name = (socket_name[0], socket_name[1])
        address = self.address = self.socket_name[0] if self.socket_name else "unknown"
        self.trusted = bool(trusted) and _is_within(address, trusted)
        self._node = (f'"[{address}]"' if ":" in address else address).encode()

    def lines(self, head: RequestHead) -> bytes:
        """The header lines about the way of the request, each begun by CR LF."""
        said = head.fields if self.trusted else {}
        address, host = self.address.encode(), head.fields.get(b"host", b"")
        hops = said.get(b"x-forwarded-for")
        first_host = said.get(b"x-forwarded-host", host)
        hop = b"for=%b;proto=http" % self._node
        if host:
            hop += b";host=" + (b'"%b"' % host if b":" in host else host)
        before = said.get(b"forwarded")
        return b"".join(
            (
                b"\r\nX-Forwarded-For: ",
                b"%b, %b" % (hops, address) if hops else address,
                b"\r\nX-Forwarded-Proto: ",
                said.get(b"x-forwarded-proto", b"http"),
                b"\r\nX-Forwarded-Host: " + first_host if first_host else b"",
                b"\r\nForwarded: ",
                b"%b, %b" % (before, hop) if before else hop,
            )
        )

    def client(self, head: RequestHead) -> str:
        """The address of the caller itself: behind trusted proxies, what the last one says."""
        if not self.trusted:
            return self.address
        said = head.fields.get(b"x-forwarded-for", b"").rpartition(b",")[2].strip()
        return said.decode("latin-1") or self.address


def request_lines(head: RequestHead, *, authorization: bool) -> bytes:
    """The caller's header lines that the function gets to see."""
    pattern = _REQUEST_WITH_AUTHORIZATION if authorization else _REQUEST
    return _without_named(head, pattern.sub(b"", head.shared.block))


def response_lines(head: ResponseHead) -> bytes:
    """The status line and those header lines of the function that the caller gets to see."""
    if not head.passed:
        lines = _without_named(head, _RESPONSE.sub(b"", head.block))
        head.passed = b"HTTP/1.1 " + head.status_line + lines
    return head.passed


def trailer_lines(trailers: bytes) -> bytes:
    """Trailers that may pass: none that frames, routes or authorises (RFC 9110 §6.5.1)."""
    return _TRAILER.sub(b"", trailers) if trailers else trailers


def _without_named(head: RequestHead | ResponseHead, lines: bytes) -> bytes:
    if b"connection" not in head.fields:
        return lines
    named = set(tokens(head.fields[b"connection"])) - _OPTIONS_KEPT - _NEVER_NAMED
    return _dropping(*map(re.escape, named)).sub(b"", lines) if named else lines


def _is_within(address: str, networks: Sequence[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
