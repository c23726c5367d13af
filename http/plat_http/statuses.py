"""The HTTP status of every error code.

The codes belong to the error classes of the core and the backends; this table is the only place
that maps them to HTTP. It imports nothing, because the CLI imports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STATUSES: Final[Mapping[str, int]] = {
    "internal": 500,
    "invalid-input": 422,
    "malformed": 400,
    "too-large": 413,
    "target-too-long": 414,
    "headers-too-large": 431,
    "request-timeout": 408,
    "unauthenticated": 401,
    "forbidden": 403,
    "too-many-attempts": 429,
    "function-not-found": 404,
    "secret-not-found": 404,
    "call-not-found": 404,
    "no-result": 404,
    "call-not-over": 409,
    "conflict": 409,
    "build-failed": 422,
    "function-suspended": 503,
    "function-unavailable": 503,
    "overloaded": 429,
    "timeout": 504,
    "bad-function-answer": 502,
    "unavailable": 503,
    "not-supported": 501,
    "not-acceptable": 406,
    "unsupported-media-type": 415,
    # codes of the Docker backend
    "docker-refused": 500,
    "docker-not-found": 404,
    "image-not-found": 422,
}


def status_of(code: str, default: int = 500) -> int:
    """Return the status of an error code; `default` for a code that is not in the table."""
    return STATUSES.get(code, default)
