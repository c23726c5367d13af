"""What can go wrong on this side of the wire, and the exit code each failure ends with.

The codes are plat's own (`plat_core.errors`); nothing here invents another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from plat_core.errors import FunctionUnavailable, PlatError, Unavailable
from plat_http.fixes import describe
from plat_http.statuses import status_of


class ExitCode(IntEnum):
    """The exit codes of `plat`; they are part of its interface."""

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
    ExitCode.OK: "it is done, or there was nothing to do",
    ExitCode.FAILED: "it failed for another reason than those below",
    ExitCode.USAGE: "the command line, a file of yours or a value is not right",
    ExitCode.NOT_FOUND: "there is no such function, secret, call or result",
    ExitCode.UNAUTHENTICATED: "no token, or not the right one",
    ExitCode.UNREACHABLE: "the platform does not answer",
    ExitCode.BUILD_FAILED: "the source could not be built",
    ExitCode.NOT_READY: "it was built, but did not become ready",
    ExitCode.CONFLICT: "somebody else changes or deletes it at this moment, or a call is not over",
    ExitCode.FUNCTION_ERROR: "the invoked function responded with status 400 or above",
    ExitCode.INTERRUPTED: "interrupted with Ctrl-C",
}


class Unreachable(Unavailable):
    """Nothing at `address` speaks HTTP to us; `reason` is the cause in one word.

    `reason` is one of refused, unknown-host, timeout, tls, broken.
    """

    def __init__(self, address: str, reason: str, message: str) -> None:
        super().__init__(message)
        self.address = address
        self.reason = reason


class NotReady(FunctionUnavailable):
    """A deployed function did not become ready; `reason` is the condition's."""

    def __init__(self, message: str, *, reason: str, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ProblemDetails:
    """A problem document (RFC 9457) as the platform sends it."""

    code: str
    status: int
    detail: str
    fix: str = ""
    call_id: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    log: str = ""

    @classmethod
    def read(cls, status: int, document: object, call_id: str = "") -> ProblemDetails:
        """The problem in an answer's body, which need not be one."""
        values: dict[str, Any] = document if isinstance(document, dict) else {}
        text = {key: value for key, value in values.items() if isinstance(value, str)}
        return cls(
            code=text.get("code", "internal"),
            status=status,
            detail=text.get("detail") or text.get("title") or f"the platform answered {status}",
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
    """The platform answered with a problem."""

    def __init__(self, problem: ProblemDetails) -> None:
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
    """The stable code of an error, whichever side it arose on."""
    return error.problem.code if isinstance(error, RequestRejected) else error.code


def exit_code(error: PlatError) -> ExitCode:
    """What `plat` exits with."""
    if isinstance(error, NotReady):
        return ExitCode.NOT_READY
    return _BY_CODE.get(code_of(error), ExitCode.FAILED)


def document(error: PlatError, fix: str) -> dict[str, Any]:
    """The problem document that `--json` prints for an error."""
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
