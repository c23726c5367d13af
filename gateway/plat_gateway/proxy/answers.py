"""Answers that the platform itself gives: a problem document that says so."""

from __future__ import annotations

import json
from http import HTTPStatus
from math import ceil

from plat_core.errors import PlatError
from plat_http.fixes import describe


def problem(
    error: PlatError, call_id: bytes, *, head_only: bool, close: bool, extra: bytes = b""
) -> bytes:
    """The whole answer for an error (RFC 9457), with the call's id.

    `extra` are header lines, each ended by CR LF. `head_only`: it answers a HEAD request.
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
