"""Problem documents as Starlette responses."""

from __future__ import annotations

from collections.abc import Mapping

from plat_core.errors import PlatError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from plat_http.problems import (
    PROBLEM_TYPE,
    ProblemDetails,
    problem_details,
    problem_headers,
    render_problem,
)


def problem_response(
    details: ProblemDetails, call_id: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the response for a failure."""
    return Response(
        render_problem(details, call_id),
        details.status,
        {**problem_headers(details), **(headers or {})},
        media_type=PROBLEM_TYPE,
    )


def error_response(error: PlatError, scope: Scope) -> Response:
    """Return the response for a typed error of this request."""
    return problem_response(problem_details(error), call_id_of(scope))


def call_id_of(scope: Scope) -> str:
    """Return the id that `RequestIdMiddleware` gave this request."""
    return str(scope.get("state", {}).get("call_id", ""))


async def handle_plat_error(request: Request, error: Exception) -> Response:
    """Handle a `PlatError` that a route raised."""
    if not isinstance(error, PlatError):
        raise error
    return error_response(error, request.scope)
