"""Every error ends with what to type next, and with its documented exit code."""

import socket

import pytest
from plat_cli.advice import ADVICE, CONNECTION, advise, port_free, port_holder
from plat_cli.errors import (
    ExitCode,
    NotReady,
    ProblemDetails,
    RequestRejected,
    Unreachable,
    document,
    exit_code,
)
from plat_core import errors
from plat_core.errors import PlatError

LOCAL, REMOTE = "http://localhost:8080", "https://faas.example.com"


def problem(code: str, status: int = 400, fix: str = "") -> RequestRejected:
    return RequestRejected(ProblemDetails(code, status, "it is so", fix))


TABLE = [
    (Unreachable(LOCAL, "refused", "x"), "plat up --detach", ExitCode.UNREACHABLE),
    (Unreachable("http://localhost:8090", "refused", "x"), "--port 8090", ExitCode.UNREACHABLE),
    (Unreachable(REMOTE, "refused", "x"), "API_URL", ExitCode.UNREACHABLE),
    (Unreachable(REMOTE, "unknown-host", "x"), "API_URL", ExitCode.UNREACHABLE),
    (Unreachable(REMOTE, "timeout", "x"), "plat doctor", ExitCode.UNREACHABLE),
    (Unreachable(REMOTE, "tls", "x"), "SSL_CERT_FILE", ExitCode.UNREACHABLE),
    (Unreachable(LOCAL, "broken", "x"), "plat status", ExitCode.UNREACHABLE),
    (problem("unauthenticated", 401), "AUTH_TOKEN", ExitCode.UNAUTHENTICATED),
    (problem("forbidden", 403), "an admin's token", ExitCode.UNAUTHENTICATED),
    (problem("too-many-attempts", 429), "wait a minute", ExitCode.UNAUTHENTICATED),
    (problem("function-not-found", 404), "plat list", ExitCode.NOT_FOUND),
    (problem("call-not-found", 404), "plat calls list", ExitCode.NOT_FOUND),
    (problem("no-result", 404), "--state failed", ExitCode.NOT_FOUND),
    (problem("call-not-over", 409), "plat calls list", ExitCode.CONFLICT),
    (problem("secret-not-found", 404), "plat secret list", ExitCode.NOT_FOUND),
    (problem("conflict", 409), "plat describe orders", ExitCode.CONFLICT),
    (problem("too-large", 413), ".platignore", ExitCode.USAGE),
    (problem("function-suspended", 503), "plat start orders", ExitCode.FAILED),
    (problem("function-unavailable", 503), "plat logs orders", ExitCode.FAILED),
    (problem("overloaded", 429), "plat scale orders", ExitCode.FAILED),
    (problem("timeout", 504), "--timeout 60s", ExitCode.FAILED),
    (problem("unavailable", 503), "plat status", ExitCode.UNREACHABLE),
    (problem("build-failed", 422, "mend it"), "mend it", ExitCode.BUILD_FAILED),
    (problem("internal", 404), "plat up --port", ExitCode.FAILED),
    (problem("of-the-future", 418), "", ExitCode.FAILED),
    (NotReady("x", reason="r", fix="plat logs a"), "plat logs a", ExitCode.NOT_READY),
    (errors.InvalidInput("x", fix="write y"), "write y", ExitCode.USAGE),
]


@pytest.mark.parametrize(("error", "said", "code"), TABLE, ids=lambda v: str(v)[:30])
def test_an_error_has_its_advice_and_exit_code(error: PlatError, said: str, code: ExitCode) -> None:
    assert said in advise(error, "orders")
    assert exit_code(error) is code
    assert document(error, advise(error))["exitCode"] == code


def test_advice_is_about_codes_that_exist() -> None:
    codes = {
        kind.code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, PlatError)
    }
    assert set(ADVICE) <= codes
    # these carry their own fix, or the guilty field says it
    assert codes - set(ADVICE) <= {"invalid-input", "malformed", "build-failed"}


def test_every_reason_of_a_connection_has_advice() -> None:
    assert {"refused", "unknown-host", "timeout", "tls", "broken"} <= set(CONNECTION)


def test_the_holder_of_a_port_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert "pid" in port_holder(port)
        assert not port_free("127.0.0.1", port)
    assert port_free("127.0.0.1", port)
    assert port_holder(port) == ""
