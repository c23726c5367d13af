"""Exception handlers for FastAPI applications: every failure becomes a problem document."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from plat_core.errors import PlatError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plat_http.problem_responses import call_id_of, handle_plat_error, problem_response
from plat_http.problems import ProblemDetails

_FRAMEWORK_CODES = {
    400: "malformed",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    413: "too-large",
    415: "unsupported-media-type",
}


def install_handlers(app: FastAPI) -> None:
    """Render every failure of the routes and of the framework as a problem document."""
    app.add_exception_handler(PlatError, handle_plat_error)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(HTTPException, _handle_http_exception)


async def _handle_validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    errors = [
        {"field": _field(item["loc"]), "message": str(item["msg"]).removeprefix("Value error, ")}
        for item in error.errors()
    ]
    detail = "; ".join(f"{item['field']}: {item['message']}" for item in errors)
    details = ProblemDetails(422, "invalid-input", detail, errors=errors)
    return problem_response(details, call_id_of(request.scope))


def _field(location: Sequence[int | str]) -> str:
    """Return the field of a parameter: the name in the path is `metadata.name`."""
    path = [str(part) for part in location]
    if path == ["path", "name"]:
        return "metadata.name"
    if path == ["query", "namespace"]:
        return "metadata.namespace"
    return ".".join(path[1:])


async def _handle_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    detail = str(error.detail)
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_allowed_methods(request))
        detail = f"this path does not allow {request.method}; it allows {headers['Allow']}"
    elif error.status_code == 404:
        detail = "this path does not exist; /openapi.json lists all paths"
    code = _FRAMEWORK_CODES.get(error.status_code, "malformed")
    details = ProblemDetails(error.status_code, code, detail)
    return problem_response(details, call_id_of(request.scope), headers)


def _allowed_methods(request: Request) -> list[str]:
    """Return all methods of a path: the framework names those of the first matching route only."""
    path = request.scope["path"]
    methods = {
        method
        for route in (*request.app.state.routes, *request.app.routes)
        if isinstance(route, Route | APIRoute) and route.path_regex.match(path)
        for method in route.methods or ()
    }
    return sorted(methods)
