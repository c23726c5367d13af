"""CORS headers for the console and for the origins that the settings allow.

Source: the Fetch standard, CORS protocol.
"""

from __future__ import annotations

from collections.abc import Iterable

from plat_gateway.proxy.http_parser import RequestHead

_PREFLIGHT = (
    b"HTTP/1.1 204 No Content\r\n%bX-Call-Id: %b\r\n"
    b"Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"
    b"Access-Control-Allow-Headers: %b\r\nAccess-Control-Max-Age: 600\r\n\r\n"
)


class Cors:
    """Allows origins to read responses; `*` allows all."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def header_lines(self, head: RequestHead) -> bytes:
        """Return the lines that let the origin read the response, each before a CR LF."""
        origin = head.fields.get(b"origin")
        if origin is None or not self._origins & {origin, b"*"}:
            return b""
        return (
            b"Access-Control-Allow-Origin: %b\r\nVary: Origin\r\n"
            b"Access-Control-Expose-Headers: X-Call-Id, X-Plat-Answer\r\n" % origin
        )

    def preflight_response(self, head: RequestHead, call_id: bytes) -> bytes | None:
        """Return the complete response to a preflight; None for any other request."""
        if head.method != b"OPTIONS" or b"access-control-request-method" not in head.fields:
            return None
        allowed = self.header_lines(head)
        if not allowed:
            return None
        headers = head.fields.get(b"access-control-request-headers", b"Authorization, Content-Type")
        return _PREFLIGHT % (allowed, call_id, headers)
