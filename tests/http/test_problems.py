"""Problem documents: statuses, headers and the body."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from plat_backends import docker as _docker_errors  # noqa: F401 - defines error classes
from plat_core.errors import (
    BuildFailed,
    InvalidInput,
    PlatError,
    TooManyAttempts,
    Unauthenticated,
    error_class,
)
from plat_core.fix import Fix
from plat_http.problems import problem_details, problem_headers, render_problem
from plat_http.statuses import STATUSES, status_of


def classes(base: type[PlatError] = PlatError) -> Iterator[type[PlatError]]:
    yield base
    for kind in base.__subclasses__():
        yield from classes(kind)


def test_every_error_code_of_a_service_has_a_status() -> None:
    services = ("plat_core", "plat_backends", "plat_http", "plat_builder", "plat_gateway")
    codes = {kind.code for kind in classes() if kind.__module__.startswith(services)}
    assert codes <= set(STATUSES)


def test_an_unknown_code_has_the_default_status() -> None:
    assert status_of("from-the-future") == 500
    assert status_of("from-the-future", default=422) == 422


def test_a_code_leads_back_to_its_class() -> None:
    assert error_class("build-failed") is BuildFailed
    assert error_class("from-the-future") is None


def test_a_document_has_the_fields_of_rfc_9457_and_plats() -> None:
    error = InvalidInput(
        "spec.scale.min: too small",
        fix=Fix("list-functions"),
        errors=[{"field": "spec.scale.min", "message": "too small"}],
    )
    assert json.loads(render_problem(problem_details(error), "call-1")) == {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "spec.scale.min: too small",
        "code": "invalid-input",
        "callId": "call-1",
        "fix": "plat list",
        "errors": [{"field": "spec.scale.min", "message": "too small"}],
    }


@pytest.mark.parametrize(("seconds", "value"), [(0, "1"), (0.2, "1"), (7, "7"), (7.2, "8")])
def test_retry_after_is_rounded_up_to_whole_seconds(seconds: float, value: str) -> None:
    details = problem_details(TooManyAttempts("too many", retry_after=seconds))
    assert problem_headers(details) == {"Retry-After": value}


def test_a_401_names_the_scheme() -> None:
    details = problem_details(Unauthenticated("no token"))
    assert problem_headers(details) == {"WWW-Authenticate": 'Bearer realm="plat"'}


def test_a_lone_surrogate_does_not_break_the_body() -> None:
    body = render_problem(problem_details(PlatError("bad name '\ud800'")), "call-1")
    assert json.loads(body)["detail"] == "bad name '\ud800'"
