"""Parse the heads of HTTP/1.1 messages with the strict grammar of RFC 9112.

One regular expression matches a complete head. It accepts no bare line feed, no folded line, no
space before a colon and no control character. Header lines keep their bytes. The headers that the
platform uses are available by name.
"""

from __future__ import annotations

import re
from typing import Final

from plat_core.errors import HeadersTooLarge, Malformed, NotSupported, PlatError, TargetTooLong

from plat_gateway.proxy.limits import HttpLimits

TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
FIELD: Final = rb"\r\n" + TOKEN + rb":[\t\x20-\x7e\x80-\xff]*+"
# possessive quantifiers and atomic groups prevent backtracking, so that a hostile head costs linear
# time (a possessive group never matches before CPython 3.11.5, python/cpython#106052)
_TARGET = re.compile(rb"(" + TOKEN + rb") ([\x21\x22\x24-\x7e\x80-\xff]++) ")
_REST = re.compile(rb"HTTP/1\.([01])((?>(?:" + FIELD + rb")*))\r\n\r\n")
_BEGUN = re.compile(
    TOKEN
    + rb" [\x21\x22\x24-\x7e\x80-\xff]++ HTTP/1\.[01](?>(?:"
    + FIELD
    + rb")*)(?:\r(?:\n(?:\r|"
    + TOKEN
    + rb")?)?)?"
)
_RESPONSE = re.compile(
    rb"HTTP/1\.([01]) ([1-5][0-9][0-9](?: [\t\x20-\x7e\x80-\xff]*+)?)((?>(?:"
    + FIELD
    + rb")*))\r\n\r\n"
)
_METHOD = re.compile(TOKEN + rb"(?: |\Z)")
_SLASH: Final = ord("/")
_LINE_REST: Final = 64
"""Bytes of a request line beside its target, generously."""
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]*)(.*)", re.DOTALL)


def _lookup(*names: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"\r\n((?i:" + b"|".join(names) + rb")):[ \t]*+([^\r]*)")


_REQUEST_FIELDS = _lookup(
    b"host",
    b"authorization",
    b"content-length",
    b"transfer-encoding",
    b"connection",
    b"expect",
    b"upgrade",
    b"origin",
    b"access-control-request-(?:method|headers)",
    b"traceparent",
    b"x-call-id",
    b"forwarded",
    b"x-forwarded-(?:for|host|proto)",
)
_RESPONSE_FIELDS = _lookup(
    b"content-length",
    b"transfer-encoding",
    b"connection",
    b"content-type",
    b"access-control-allow-origin",
)
_ONCE: Final = frozenset({b"host", b"content-length", b"transfer-encoding", b"authorization"})


class RequestFields:
    """Version and header lines of a request: its head after the target.

    A client usually repeats the same lines on a connection, so they are parsed once and compared
    afterwards. `block` are the header lines, each after a CR LF. `values` are the headers that the
    platform uses, by lower-case name; repeated ones are joined with commas. `forwarded` caches the
    lines for the function, with and without `Authorization`.
    """

    __slots__ = ("block", "forwarded", "http11", "keep_alive", "length", "raw", "values")

    def __init__(self, match: re.Match[bytes]) -> None:
        minor, self.block = match.groups()
        self.raw = match[0]
        self.http11 = minor == b"1"
        values = self.values = _values(_REQUEST_FIELDS, self.block)
        self.keep_alive = _keeps_alive(values.get(b"connection", b""), http11=self.http11)
        self.length = _body_length(values, http11=self.http11)
        self.forwarded: dict[bool, bytes] = {}
        host = values.get(b"host")
        if host is None and self.http11:
            raise Malformed("The request has no Host header.")
        if host is not None and not _HOST.fullmatch(host):
            raise Malformed("The Host header is not a host name with an optional port.")


class RequestHead:
    """The head of a request. `length` is the body's length; None if it is chunked."""

    __slots__ = ("end", "fields", "http11", "length", "method", "shared", "target")

    def __init__(self, method: bytes, target: bytes, start: int, shared: RequestFields) -> None:
        self.method = method
        self.target = target
        self.shared = shared
        self.end = start + len(shared.raw)
        self.fields = shared.values
        self.length = shared.length
        self.http11 = shared.http11

    @property
    def upgrades(self) -> bool:
        """Whether the client requests a WebSocket (RFC 6455, section 4.1)."""
        return (
            b"upgrade" in self.fields
            and self.method == b"GET"
            and self.http11
            and self.length == 0
            and self.fields[b"upgrade"].lower() == b"websocket"
            and b"upgrade" in tokens(self.fields.get(b"connection", b""))
        )

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body."""
        return self.http11 and self.fields.get(b"expect", b"").lower() == b"100-continue"


class ResponseHead:
    """The head of a response. `status_line` holds the status and the reason as received.

    `length` is the Content-Length, or None. `forwarded` caches the lines for the client.
    """

    __slots__ = (
        "block",
        "chunked",
        "end",
        "fields",
        "forwarded",
        "is_event_stream",
        "keep_alive",
        "length",
        "raw",
        "status",
        "status_line",
    )

    def __init__(self, match: re.Match[bytes]) -> None:
        minor, self.status_line, self.block = match.groups()
        self.raw, self.end = match[0], match.end()
        self.status = int(self.status_line[:3])
        fields = self.fields = _values(_RESPONSE_FIELDS, self.block)
        self.keep_alive = _keeps_alive(fields.get(b"connection", b""), http11=minor == b"1")
        self.chunked = b"transfer-encoding" in fields
        length = fields.get(b"content-length")
        if self.chunked and (length or fields[b"transfer-encoding"].lower() != b"chunked"):
            raise ValueError("has a transfer coding other than chunked, or a length as well")
        if length is not None and not _LENGTH.fullmatch(length):
            raise ValueError("has an invalid Content-Length")
        self.length = None if length is None else int(length)
        self.forwarded = b""
        content_type = fields.get(b"content-type", b"")
        self.is_event_stream = content_type[:17].lower() == b"text/event-stream"


def parse_request(
    data: bytes, limits: HttpLimits, previous: RequestFields | None
) -> RequestHead | None:
    """Return the head at the beginning of `data`; None if it is incomplete.

    `previous` are the fields of the request before it. Raises Malformed, TargetTooLong,
    HeadersTooLarge, or NotSupported for a transfer coding other than chunked. The connection cannot
    be used after an error.
    """
    line = _TARGET.match(data)
    if line is None:
        _check_incomplete(data, limits)
        return None
    method, target = line.groups()
    start = line.end()
    fields = previous
    if fields is None or not data.startswith(fields.raw, start):
        rest = _REST.match(data, start)
        if rest is None or rest.end() > limits.head_bytes:
            _check_incomplete(data, limits)
            return None
        if rest[0].count(b"\n") > limits.headers + 2:
            raise _headers_too_large(limits)
        fields = RequestFields(rest)
    if len(target) > limits.target_bytes:
        raise _target_too_long(limits)
    if target[0] != _SLASH:
        target = _origin_form(target, fields.values.get(b"host"))
    return RequestHead(method, target, start, fields)


def parse_response(
    data: bytes, limits: HttpLimits, previous: ResponseHead | None
) -> ResponseHead | None:
    """Return the head at the beginning of `data`; None if it is incomplete.

    `previous` is the head of the response before it. Raises ValueError if this is no HTTP/1.x
    response, or if it has two lengths.
    """
    if previous is not None and data.startswith(previous.raw):
        return previous
    match = _RESPONSE.match(data)
    if match is None:
        is_garbage = b"\r\n\r\n" in data or data[:7] != b"HTTP/1."[: len(data)]
        if is_garbage or len(data) > limits.head_bytes:
            raise ValueError("is not HTTP/1.x")
        return None
    try:
        return ResponseHead(match)
    except Malformed:
        raise ValueError("has two lengths") from None


def tokens(value: bytes) -> list[bytes]:
    """Return the members of a comma-separated list, in lower case."""
    return [part for token in value.lower().split(b",") if (part := token.strip(b" \t"))]


def _values(pattern: re.Pattern[bytes], block: bytes) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for raw, value in pattern.findall(block):
        name = raw.lower()
        if name in fields:
            if name in _ONCE:
                raise Malformed(f"The request has more than one {name.decode()} header.")
            fields[name] += b", " + value.rstrip(b" \t")
        else:
            fields[name] = value.rstrip(b" \t")
    return fields


def _keeps_alive(connection: bytes, *, http11: bool) -> bool:
    if not connection:
        return http11
    options = tokens(connection)
    return b"close" not in options and (http11 or b"keep-alive" in options)


def _body_length(fields: dict[bytes, bytes], *, http11: bool) -> int | None:
    length, coding = fields.get(b"content-length"), fields.get(b"transfer-encoding")
    if coding is None:
        if length is None:
            return 0
        if not _LENGTH.fullmatch(length):
            raise Malformed("The Content-Length header is not a number.")
        return int(length)
    if length is not None:
        raise Malformed("The request has both a Content-Length and a Transfer-Encoding.")
    if not http11:
        raise Malformed("HTTP/1.0 has no Transfer-Encoding.")
    if coding.lower() != b"chunked":
        raise NotSupported("The only supported transfer coding is chunked.")
    return None


def _origin_form(target: bytes, host: bytes | None) -> bytes:
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        raise Malformed("The request's target is not a path.")
    authority, path = match.groups()
    if host is None or authority.lower() != host.lower():
        raise Malformed("The request's target and its Host header name different hosts.")
    return path if path[:1] == b"/" else b"/" + path


def _check_incomplete(data: bytes, limits: HttpLimits) -> None:
    """Raise as soon as `data` cannot become a valid head."""
    if data in (b"", b"\r"):
        return
    line, newline, _ = data.partition(b"\n")
    if len(line) > limits.target_bytes + _LINE_REST and line.find(b" ", 0, _LINE_REST) > 0:
        raise _target_too_long(limits)
    if len(data) > limits.head_bytes or data.count(b"\n") > limits.headers + 2:
        raise _headers_too_large(limits)
    if not (_BEGUN.fullmatch(data) if newline else _METHOD.match(data)):
        raise Malformed("The request's head is not valid HTTP/1.1.")


def _target_too_long(limits: HttpLimits) -> PlatError:
    return TargetTooLong(f"The URL is longer than {limits.target_bytes} bytes.")


def _headers_too_large(limits: HttpLimits) -> PlatError:
    return HeadersTooLarge(
        f"The request has more than {limits.headers} headers or {limits.head_bytes} bytes of them."
    )
