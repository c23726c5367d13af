"""Errors of the Kubernetes API, as errors of plat."""

from __future__ import annotations

import json

from plat_core.errors import Conflict, PlatError, Unavailable


class ApiError(Unavailable):
    """The API server returned an error; `reason` is the one of its `Status` object."""

    def __init__(self, http_status: int, reason: str, message: str) -> None:
        super().__init__(f"the Kubernetes API returned {http_status}: {message or reason}")
        self.http_status = http_status
        self.reason = reason


class ObjectNotFound(ApiError):
    """The object does not exist."""


class WatchExpired(ApiError):
    """The resource version of a watch is too old: list again."""


class ApiRequestRejected(ApiError):
    """A rule, a quota or a policy of the cluster forbids the request: a retry does not help."""


def error_of_response(code: int, body: bytes) -> PlatError:
    """Return the error for a response with the status `code` and a `Status` object as its body."""
    try:
        status = json.loads(body)
    except ValueError:
        status = {}
    reason = str(status.get("reason", ""))
    message = str(status.get("message", "")) or body[:300].decode(errors="replace")
    return error_of_status(code, reason, message)


def error_of_status(code: int, reason: str, message: str) -> PlatError:
    """Return the error for the fields of a `Status` object."""
    if code == 404:
        return ObjectNotFound(code, reason, message)
    if code == 409:
        return Conflict(message, fix="read it again")
    if code == 410:
        return WatchExpired(code, reason, message)
    if code in (400, 403, 413, 422):
        return ApiRequestRejected(code, reason, message)
    return ApiError(code, reason, message)
