"""Errors of the command line, and the exit code of each error.

The error codes are those of `plat_core.errors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from plat_core.errors import FunctionUnavailable, PlatError, Unavailable
from plat_http.fixes import describe
from plat_http.statuses import status_of


class ExitCode(IntEnum):
    """Exit codes of `plat`. They are part of its public interface."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    UNAUTHENTICATED = 4
    UNREACHABLE = 5
    BUILD_FAILED = 6
    NOT_READY = 7
    CONFLICT = 8
    FUNCTION_ERROR = 22
    INTERRUPTED = 130


EXIT_CODE_MEANINGS = {
    ExitCode.OK: "success, or nothing to do",
    ExitCode.FAILED: "any other error",
    ExitCode.USAGE: "invalid command line, file or value",
    ExitCode.NOT_FOUND: "no such function, secret, call or result",
    ExitCode.UNAUTHENTICATED: "missing or invalid token",
    ExitCode.UNREACHABLE: "the platform does not respond",
    ExitCode.BUILD_FAILED: "the build failed",
    ExitCode.NOT_READY: "the function was built but did not become ready",
    ExitCode.CONFLICT: "a concurrent change or deletion, or a call that has not finished",
    ExitCode.FUNCTION_ERROR: "the invoked function responded with status 400 or above",
    ExitCode.INTERRUPTED: "interrupted with Ctrl-C",
}


class Unreachable(Unavailable):
    """No HTTP response from `address`.

    `reason` is one of refused, unknown-host, timeout, tls, broken.
    """

    def __init__(self, address: str, reason: str, message: str) -> None:
        super().__init__(message)
        self.address = address
        self.reason = reason


class NotReady(FunctionUnavailable):
    """A deployed function did not become ready. `reason` is that of its Ready condition."""

    def __init__(self, message: str, *, reason: str, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ReceivedProblem:
    """A problem document (RFC 9457) sent by the platform."""

    code: str
    status: int
    detail: str
    fix: str = ""
    call_id: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    log: str = ""

    @classmethod
    def read(cls, status: int, document: object, call_id: str = "") -> ReceivedProblem:
        """Read the body of an error response, which may not be a problem document."""
        values: dict[str, Any] = document if isinstance(document, dict) else {}
        text = {key: value for key, value in values.items() if isinstance(value, str)}
        return cls(
            code=text.get("code", "internal"),
            status=status,
            detail=text.get("detail")
            or text.get("title")
            or f"the platform responded with {status}",
            fix=text.get("fix", ""),
            call_id=text.get("callId", call_id),
            errors=_field_errors(values.get("errors")),
            log=text.get("log", ""),
        )


def _field_errors(value: object) -> tuple[tuple[str, str], ...]:
    entries = value if isinstance(value, list) else []
    pairs = [(e.get("field", ""), e.get("message", "")) for e in entries if isinstance(e, dict)]
    return tuple((str(name), str(message)) for name, message in pairs[:50])


class RequestRejected(PlatError):
    """The platform rejected a request with a problem document."""

    def __init__(self, problem: ReceivedProblem) -> None:
        super().__init__(problem.detail, fix=problem.fix)
        self.problem = problem


_BY_CODE = {
    "invalid-input": ExitCode.USAGE,
    "malformed": ExitCode.USAGE,
    "too-large": ExitCode.USAGE,
    "function-not-found": ExitCode.NOT_FOUND,
    "secret-not-found": ExitCode.NOT_FOUND,
    "unauthenticated": ExitCode.UNAUTHENTICATED,
    "forbidden": ExitCode.UNAUTHENTICATED,
    "too-many-attempts": ExitCode.UNAUTHENTICATED,
    "build-failed": ExitCode.BUILD_FAILED,
    "conflict": ExitCode.CONFLICT,
    "call-not-found": ExitCode.NOT_FOUND,
    "no-result": ExitCode.NOT_FOUND,
    "call-not-over": ExitCode.CONFLICT,
    "unavailable": ExitCode.UNREACHABLE,
}


def code_of(error: PlatError) -> str:
    """Return the stable code of an error of the platform or of this command."""
    return error.problem.code if isinstance(error, RequestRejected) else error.code


def exit_code(error: PlatError) -> ExitCode:
    """Return the exit code for an error."""
    if isinstance(error, NotReady):
        return ExitCode.NOT_READY
    return _BY_CODE.get(code_of(error), ExitCode.FAILED)


def document(error: PlatError, fix: str) -> dict[str, Any]:
    """Return the problem document that `--json` prints for an error."""
    problem = error.problem if isinstance(error, RequestRejected) else None
    entries: dict[str, Any] = {
        "code": code_of(error),
        "status": problem.status if problem else status_of(error.code),
        "detail": error.message,
        "fix": fix or describe(error.fix),
        "exitCode": int(exit_code(error)),
    }
    if error.field:
        entries["field"] = error.field
    if problem and problem.call_id:
        entries["callId"] = problem.call_id
    if problem and problem.errors:
        entries["errors"] = [{"field": f, "message": m} for f, m in problem.errors]
    if line := getattr(error, "line", ""):
        entries["line"] = line
    return {key: value for key, value in entries.items() if value != ""}
