"""Filter the header lines that pass through the gateway, and add the platform's own.

Lines that pass keep their spelling, order and bytes. Hop-by-hop headers are dropped in both
directions (RFC 9110, section 7.6.1), and so are headers that only the platform may set. Responses
also lose headers that apply to the whole origin, which a function shares with the console and with
other functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from plat_gateway.proxy.http_parser import RequestHead, ResponseHead, tokens

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


# CGI and WSGI map `X_Call_Id` and `X-Call-Id` to one name, so both spellings are dropped
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
# a browser applies these to the whole origin, not to the path that sent them (decision 12): they
# would widen a service worker's scope, clear the console's storage, or redirect all requests
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


class ClientPeer:
    """The client's end of a connection.

    The forwarding headers of a trusted proxy are kept and extended. Those of any other client are
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

    def forwarding_lines(self, head: RequestHead) -> bytes:
        """Return the `X-Forwarded-*` and `Forwarded` lines, each after a CR LF."""
        received = head.fields if self.trusted else {}
        address, host = self.address.encode(), head.fields.get(b"host", b"")
        hops = received.get(b"x-forwarded-for")
        first_host = received.get(b"x-forwarded-host", host)
        hop = b"for=%b;proto=http" % self._node
        if host:
            hop += b";host=" + (b'"%b"' % host if b":" in host else host)
        before = received.get(b"forwarded")
        return b"".join(
            (
                b"\r\nX-Forwarded-For: ",
                b"%b, %b" % (hops, address) if hops else address,
                b"\r\nX-Forwarded-Proto: ",
                received.get(b"x-forwarded-proto", b"http"),
                b"\r\nX-Forwarded-Host: " + first_host if first_host else b"",
                b"\r\nForwarded: ",
                b"%b, %b" % (before, hop) if before else hop,
            )
        )

    def client_address(self, head: RequestHead) -> str:
        """Return the client's address; behind trusted proxies, the one that the last reported."""
        if not self.trusted:
            return self.address
        address = head.fields.get(b"x-forwarded-for", b"").rpartition(b",")[2].strip()
        return address.decode("latin-1") or self.address


def forwarded_lines(head: RequestHead, peer: ClientPeer, *, authorization: bool) -> bytes:
    """Return the header lines for a function that depend on the client's lines alone."""
    lines = request_lines(head, authorization=authorization) + peer.forwarding_lines(head)
    if head.length is None:
        lines += b"\r\nTransfer-Encoding: chunked"
    elif head.upgrades:
        lines += b"\r\nConnection: Upgrade\r\nUpgrade: websocket"
    if b"host" not in head.fields:
        lines += b"\r\nHost: localhost"
    return lines


def forwarded_head(
    method: bytes, path: bytes, lines: bytes, call_id: bytes, traceparent: bytes
) -> bytes:
    """Return a request's head as it is sent to a function; `lines` each follow a CR LF."""
    return b"%b %b HTTP/1.1%b\r\nX-Call-Id: %b\r\ntraceparent: %b\r\n\r\n" % (
        method,
        path,
        lines,
        call_id,
        traceparent,
    )


def header_pairs(lines: bytes) -> tuple[tuple[str, str], ...]:
    """Return header lines as names and values; anything before the first CR LF is ignored."""
    pairs = (line.partition(b":") for line in lines.split(b"\r\n")[1:])
    return tuple(
        (name.decode("latin-1"), value.strip(b" \t").decode("latin-1")) for name, _, value in pairs
    )


def encode_headers(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Return names and values as header lines, each after a CR LF."""
    return "".join(f"\r\n{name}: {value}" for name, value in pairs).encode("latin-1")


def request_lines(head: RequestHead, *, authorization: bool) -> bytes:
    """Return the client's header lines that the function receives."""
    pattern = _REQUEST_WITH_AUTHORIZATION if authorization else _REQUEST
    return _without_named(head, pattern.sub(b"", head.shared.block))


def response_lines(head: ResponseHead) -> bytes:
    """Return the status line and the header lines that the client receives."""
    if not head.forwarded:
        lines = _without_named(head, _RESPONSE.sub(b"", head.block))
        head.forwarded = b"HTTP/1.1 " + head.status_line + lines
    return head.forwarded


def trailer_lines(trailers: bytes) -> bytes:
    """Return the trailers that may pass (RFC 9110, section 6.5.1)."""
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
