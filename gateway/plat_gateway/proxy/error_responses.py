"""The platform's own error responses, as bytes."""

from __future__ import annotations

import json
from http import HTTPStatus
from math import ceil

from plat_core.errors import PlatError
from plat_http.fixes import describe


def error_response(
    error: PlatError, call_id: bytes, *, head_only: bool, close: bool, extra: bytes = b""
) -> bytes:
    """Return the complete response for an error, with a problem document (RFC 9457).

    `extra` are header lines, each before a CR LF. `head_only` leaves the body out.
    """
    document = {
        "title": _phrase(error.status),
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "callId": call_id.decode(),
    }
    if error.fix:
        document["fix"] = describe(error.fix)
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    headers = [
        f"HTTP/1.1 {error.status} {_phrase(error.status)}",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        f"X-Call-Id: {call_id.decode()}",
        f"X-Plat-Answer: {error.code}",
    ]
    if error.retry_after is not None:
        headers.append(f"Retry-After: {max(1, ceil(error.retry_after))}")
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers.append('WWW-Authenticate: Bearer realm="plat"')
    if close:
        headers.append("Connection: close")
    head = "\r\n".join(headers).encode() + b"\r\n" + extra + b"\r\n"
    return head if head_only else head + body


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase
