"""Typed errors with stable codes.

Every edge maps them to its own form: the gateway to an HTTP status and a problem document, the CLI
to a sentence and what to type next, a backend to a condition. No edge invents a code of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from plat_core.fix import Fix


class PlatError(Exception):
    """A failure that plat understands.

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
    """A value that the model refuses.

    `errors` names every guilty field of the input, each as `{"field": …, "message": …}`.
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
    """Bytes that are not what they claim to be: broken JSON, a broken archive."""

    code, status = "malformed", 400


class TooLarge(PlatError):
    """Input beyond a documented bound."""

    code, status = "too-large", 413


class TargetTooLong(PlatError):
    """A URL beyond the bound."""

    code, status = "target-too-long", 414


class HeadersTooLarge(PlatError):
    """Too many headers, or too many bytes of them."""

    code, status = "headers-too-large", 431


class RequestTimedOut(PlatError):
    """The caller did not send its request in time."""

    code, status = "request-timeout", 408


class Unauthenticated(PlatError):
    """No token, or not the right one."""

    code, status = "unauthenticated", 401


class Forbidden(PlatError):
    """The token is a right one, but its role may not do this."""

    code, status = "forbidden", 403


class TooManyAttempts(PlatError):
    """Too many bad tokens from one address."""

    code, status = "too-many-attempts", 429


class FunctionNotFound(PlatError):
    """No function of that name."""

    code, status = "function-not-found", 404


class SecretNotFound(PlatError):
    """No secret of that name, or no such key in it."""

    code, status = "secret-not-found", 404


class CallNotFound(PlatError):
    """No asynchronous call of that id, or its time is over and it was forgotten."""

    code, status = "call-not-found", 404


class NoResult(PlatError):
    """The call is over, and the function gave no answer that could be kept."""

    code, status = "no-result", 404


class CallNotOver(PlatError):
    """The call waits or runs still."""

    code, status = "call-not-over", 409


class Conflict(PlatError):
    """Somebody else changed it first, or it is being deleted."""

    code, status = "conflict", 409


class BuildFailed(PlatError):
    """The source cannot be turned into an artifact; `line` is the guilty line where known.

    `passing`: nothing of the source's is at fault, and the same build may succeed later.
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
    """What went wrong, with the guilty line where the message does not quote it itself."""
    quoted = all(part.strip() in message for part in line.split(": ", 1))
    return message if quoted else f"{message} (line: {line})"


class FunctionSuspended(PlatError):
    """The function is stopped by its owner."""

    code, status = "function-suspended", 503


class FunctionUnavailable(PlatError):
    """No replica could answer: it does not start, or it keeps failing."""

    code, status = "function-unavailable", 503


class Overloaded(PlatError):
    """Every replica is busy and the queue is full."""

    code, status = "overloaded", 429


class CallTimedOut(PlatError):
    """The function's one timeout passed."""

    code, status = "timeout", 504


class BadFunctionAnswer(PlatError):
    """The replica died, or spoke something that is not HTTP, before its answer began."""

    code, status = "bad-function-answer", 502


class Unavailable(PlatError):
    """A part of the platform itself does not answer."""

    code, status = "unavailable", 503


class NotSupported(PlatError):
    """This backend cannot do it, and says so instead of pretending."""

    code, status = "not-supported", 501
