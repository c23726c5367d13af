"""Typed errors with stable codes.

Each edge maps them to its own form: an HTTP service to a problem document, the CLI to a sentence
and the next command, a backend to a condition. Only this module defines codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from plat_core.fix import Fix


class PlatError(Exception):
    """The base of all errors that plat raises on purpose.

    `message` states what failed and why. `fix` is the next step; a command of plat is a `Fix`, and
    a plain sentence names none. `field` is the path of the invalid input field (`spec.scale.min`),
    `retry_after` the seconds after which a retry may succeed.
    """

    code: ClassVar[str] = "internal"

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

    code = "invalid-input"

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

    code = "malformed"


class TooLarge(PlatError):
    """The input exceeds a documented limit."""

    code = "too-large"


class TargetTooLong(PlatError):
    """The URL exceeds its limit."""

    code = "target-too-long"


class HeadersTooLarge(PlatError):
    """The headers exceed their limit in number or bytes."""

    code = "headers-too-large"


class RequestTimedOut(PlatError):
    """The client did not send its request in time."""

    code = "request-timeout"


class Unauthenticated(PlatError):
    """The token is missing or invalid."""

    code = "unauthenticated"


class Forbidden(PlatError):
    """The token is valid, but its role may not do this."""

    code = "forbidden"


class TooManyAttempts(PlatError):
    """One address sent too many invalid tokens."""

    code = "too-many-attempts"


class FunctionNotFound(PlatError):
    """There is no function with that name."""

    code = "function-not-found"


class SecretNotFound(PlatError):
    """There is no secret with that name, or it lacks the key."""

    code = "secret-not-found"


class CallNotFound(PlatError):
    """There is no asynchronous call with that id, or it was deleted after its retention."""

    code = "call-not-found"


class NoResult(PlatError):
    """The call ended without a response of the function."""

    code = "no-result"


class CallNotOver(PlatError):
    """The call is still queued or running."""

    code = "call-not-over"


class Conflict(PlatError):
    """Another writer changed it first, or it is being deleted."""

    code = "conflict"


class BuildFailed(PlatError):
    """The source cannot be built; `line` is the line that causes the failure, if known.

    `passing`: the source is not the cause, and the same build may succeed later.
    """

    code = "build-failed"

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

    code = "function-suspended"


class FunctionUnavailable(PlatError):
    """No replica is available: the function does not start, or keeps failing."""

    code = "function-unavailable"


class Overloaded(PlatError):
    """Every replica is busy and the queue is full."""

    code = "overloaded"


class CallTimedOut(PlatError):
    """The call exceeded the function's timeout."""

    code = "timeout"


class BadFunctionAnswer(PlatError):
    """The replica exited, or sent no valid HTTP, before its response began."""

    code = "bad-function-answer"


class Unavailable(PlatError):
    """A part of the platform does not respond."""

    code = "unavailable"


class NotSupported(PlatError):
    """This backend does not support the operation."""

    code = "not-supported"


class NotAcceptable(PlatError):
    """None of the media types that the client accepts is available."""

    code = "not-acceptable"


class UnsupportedMediaType(PlatError):
    """The body has a media type that this path does not read."""

    code = "unsupported-media-type"


def error_class(code: str) -> type[PlatError] | None:
    """Return the error class of this module with that code, or None."""
    return _CLASSES.get(code)


_CLASSES: Final[Mapping[str, type[PlatError]]] = {
    kind.code: kind
    for kind in list(globals().values())
    if isinstance(kind, type) and issubclass(kind, PlatError)
}
