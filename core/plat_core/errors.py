"""Typed errors with stable codes.

Each edge maps them to its own form: an HTTP service to a problem document, the CLI to a sentence
and the next command, a backend to a condition. Only this module defines codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from plat_core.fix import Fix


class PlatError(Exception):
    """The base of all errors that plat raises on purpose.

    `message` states what failed and why. `fix` is the next step; a command of plat is a `Fix`, and
    a plain sentence names none. `field` is the path of the invalid input field (`spec.scale.min`),
    `retry_after` the seconds after which a retry may succeed.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(
        self,
        message: str,
        *,
        fix: Fix | str = "",
        field: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.field = field
        self.retry_after = retry_after


class InvalidInput(PlatError):
    """A value is invalid.

    `errors` lists every invalid field of the input, each as `{"field": …, "message": …}`.
    """

    code, status = "invalid-input", 422

    def __init__(
        self,
        message: str,
        *,
        fix: Fix | str = "",
        field: str = "",
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(message, fix=fix, field=field)
        self.errors = [dict(error) for error in errors] or [{"field": field, "message": message}]


class Malformed(PlatError):
    """The input cannot be parsed: invalid JSON, a damaged archive."""

    code, status = "malformed", 400


class TooLarge(PlatError):
    """The input exceeds a documented limit."""

    code, status = "too-large", 413


class TargetTooLong(PlatError):
    """The URL exceeds its limit."""

    code, status = "target-too-long", 414


class HeadersTooLarge(PlatError):
    """The headers exceed their limit in number or bytes."""

    code, status = "headers-too-large", 431


class RequestTimedOut(PlatError):
    """The client did not send its request in time."""

    code, status = "request-timeout", 408


class Unauthenticated(PlatError):
    """The token is missing or invalid."""

    code, status = "unauthenticated", 401


class Forbidden(PlatError):
    """The token is valid, but its role may not do this."""

    code, status = "forbidden", 403


class TooManyAttempts(PlatError):
    """One address sent too many invalid tokens."""

    code, status = "too-many-attempts", 429


class FunctionNotFound(PlatError):
    """There is no function with that name."""

    code, status = "function-not-found", 404


class SecretNotFound(PlatError):
    """There is no secret with that name, or it lacks the key."""

    code, status = "secret-not-found", 404


class CallNotFound(PlatError):
    """There is no asynchronous call with that id, or it was deleted after its retention."""

    code, status = "call-not-found", 404


class NoResult(PlatError):
    """The call ended without a response of the function."""

    code, status = "no-result", 404


class CallNotOver(PlatError):
    """The call is still queued or running."""

    code, status = "call-not-over", 409


class Conflict(PlatError):
    """Another writer changed it first, or it is being deleted."""

    code, status = "conflict", 409


class BuildFailed(PlatError):
    """The source cannot be built; `line` is the line that causes the failure, if known.

    `passing`: the source is not the cause, and the same build may succeed later.
    """

    code, status = "build-failed", 422

    def __init__(
        self,
        message: str,
        *,
        fix: Fix | str = "",
        field: str = "",
        line: str = "",
        passing: bool = False,
    ) -> None:
        super().__init__(message, fix=fix, field=field)
        self.line = line
        self.passing = passing


def with_line(message: str, line: str) -> str:
    """Return the message, with the line that causes the failure unless the message quotes it."""
    quoted = all(part.strip() in message for part in line.split(": ", 1))
    return message if quoted else f"{message} (line: {line})"


class FunctionSuspended(PlatError):
    """The function was stopped by its owner."""

    code, status = "function-suspended", 503


class FunctionUnavailable(PlatError):
    """No replica is available: the function does not start, or keeps failing."""

    code, status = "function-unavailable", 503


class Overloaded(PlatError):
    """Every replica is busy and the queue is full."""

    code, status = "overloaded", 429


class CallTimedOut(PlatError):
    """The call exceeded the function's timeout."""

    code, status = "timeout", 504


class BadFunctionAnswer(PlatError):
    """The replica exited, or sent no valid HTTP, before its response began."""

    code, status = "bad-function-answer", 502


class Unavailable(PlatError):
    """A part of the platform does not respond."""

    code, status = "unavailable", 503


class NotSupported(PlatError):
    """This backend does not support the operation."""

    code, status = "not-supported", 501
