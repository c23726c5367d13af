"""The platform's own error responses, as bytes."""

from __future__ import annotations

from http import HTTPStatus

from plat_core.errors import PlatError
from plat_http.problems import PROBLEM_TYPE, problem_details, problem_headers, render_problem


def error_response(
    error: PlatError, call_id: bytes, *, head_only: bool, close: bool, extra: bytes = b""
) -> bytes:
    """Return the complete response for an error, with a problem document (RFC 9457).

    `extra` are header lines, each before a CR LF. `head_only` leaves the body out.
    """
    details = problem_details(error)
    body = render_problem(details, call_id.decode())
    headers = [
        f"HTTP/1.1 {details.status} {HTTPStatus(details.status).phrase}",
        f"Content-Type: {PROBLEM_TYPE}",
        f"Content-Length: {len(body)}",
        f"X-Call-Id: {call_id.decode()}",
        f"X-Plat-Answer: {details.code}",
        *(f"{name}: {value}" for name, value in problem_headers(details).items()),
    ]
    if close:
        headers.append("Connection: close")
    head = "\r\n".join(headers).encode() + b"\r\n" + extra + b"\r\n"
    return head if head_only else head + body
