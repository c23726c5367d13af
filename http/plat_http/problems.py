"""Errors as `application/problem+json` documents (RFC 9457), the only renderer of them.

It uses no web framework, so the gateway's data path renders its errors with it as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Any, Final

from plat_core.errors import BuildFailed, InvalidInput, PlatError, with_line

from plat_http.fixes import describe
from plat_http.statuses import status_of

PROBLEM_TYPE: Final = "application/problem+json"
CHALLENGE: Final = 'Bearer realm="plat"'
"""Value of `WWW-Authenticate` in a 401 response."""


@dataclass(frozen=True, slots=True)
class ProblemDetails:
    """A problem before it is rendered."""

    status: int
    code: str
    detail: str
    fix: str = ""
    errors: Sequence[Mapping[str, str]] = ()
    log: str = ""
    retry_after: float | None = None


def problem_details(error: PlatError) -> ProblemDetails:
    """Return the details of a typed error."""
    errors = [{"field": error.field, "message": error.message}] if error.field else []
    if isinstance(error, InvalidInput):
        errors = [item for item in error.errors if item["field"]]
    detail = error.message
    if isinstance(error, BuildFailed):
        detail = with_line(error.message, error.line)
    return ProblemDetails(
        status_of(error.code),
        error.code,
        detail,
        fix=describe(error.fix),
        errors=errors,
        retry_after=error.retry_after,
    )


def render_problem(details: ProblemDetails, call_id: str) -> bytes:
    """Return the body of a problem response."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(details.status).phrase,
        "status": details.status,
        "detail": details.detail,
        "code": details.code,
        "callId": call_id,
    }
    optional = {"fix": details.fix, "errors": list(details.errors), "log": details.log}
    document |= {key: value for key, value in optional.items() if value}
    # a quoted input may contain a lone surrogate, which UTF-8 cannot encode
    return json.dumps(document, ensure_ascii=True).encode()


def problem_headers(details: ProblemDetails) -> dict[str, str]:
    """Return the headers of a problem response, without those of the body."""
    headers = {}
    if details.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = CHALLENGE
    if details.retry_after is not None:
        headers["Retry-After"] = delay_seconds(details.retry_after)
    return headers


def delay_seconds(seconds: float) -> str:
    """Return a value of `Retry-After`: whole seconds, rounded up (RFC 9110, section 10.2.3)."""
    return str(max(1, ceil(seconds)))
