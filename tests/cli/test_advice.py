"""The advice and the exit code of every error."""

import socket

import pytest
from plat_cli.advice import ADVICE, CONNECTION, advise, port_free, port_holder
from plat_cli.errors import (
    ExitCode,
    NotReady,
    ReceivedProblem,
    RequestRejected,
    Unreachable,
    document,
    exit_code,
)
from plat_core import errors
from plat_core.errors import PlatError

LOCAL, REMOTE = "http://localhost:8080", "https://faas.example.com"


def problem(code: str, status: int = 400, fix: str = "") -> RequestRejected:
    return RequestRejected(ReceivedProblem(code, status, "a message", fix))


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
    (problem("build-failed", 422, "fix it"), "fix it", ExitCode.BUILD_FAILED),
    (problem("internal", 404), "plat up --port", ExitCode.FAILED),
    (problem("of-the-future", 418), "", ExitCode.FAILED),
    (NotReady("x", reason="r", fix="plat logs a"), "plat logs a", ExitCode.NOT_READY),
    (errors.InvalidInput("x", fix="write y"), "write y", ExitCode.USAGE),
]


@pytest.mark.parametrize(("error", "advice", "code"), TABLE, ids=lambda v: str(v)[:30])
def test_an_error_has_advice_and_an_exit_code(
    error: PlatError, advice: str, code: ExitCode
) -> None:
    assert advice in advise(error, "orders")
    assert exit_code(error) is code
    assert document(error, advise(error))["exitCode"] == code


def test_advice_covers_all_error_codes() -> None:
    codes = {
        kind.code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, PlatError)
    }
    assert set(ADVICE) <= codes
    # These carry a fix or a field, or no request of the CLI causes them.
    without = {"invalid-input", "malformed", "build-failed"}
    without |= {"not-acceptable", "unsupported-media-type"}
    assert codes - set(ADVICE) <= without


def test_every_connection_error_has_advice() -> None:
    assert {"refused", "unknown-host", "timeout", "tls", "broken"} <= set(CONNECTION)


def test_finds_the_process_that_uses_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert "pid" in port_holder(port)
        assert not port_free("127.0.0.1", port)
    assert port_free("127.0.0.1", port)
    assert port_holder(port) == ""
