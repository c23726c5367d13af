"""Errors as `application/problem+json` (RFC 9457), with a stable code and the call's id.

Every failure leaves the gateway through `problem`: those that plat understands with their message
and advice, any other as `internal` without a word of what went wrong inside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from plat_core.errors import BuildFailed, InvalidInput, PlatError, with_line
from plat_core.fix import Fix
from plat_http.fixes import describe
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

PROBLEM_TYPE = "application/problem+json"

_FRAMEWORK_CODES = {
    400: "malformed",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    413: "too-large",
    415: "unsupported-media-type",
}


class FieldError(BaseModel):
    """What is wrong with one field of the input."""

    field: str = Field(description="Path of the field, such as `spec.scale.min`.")
    message: str


class Problem(BaseModel):
    """An error, in the shape of RFC 9457."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": "there is no function 'orders'",
                "code": "function-not-found",
                "callId": "7d9f0c2e5b8a4f10",
                "fix": describe(Fix("list-functions")),
            }
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable, for programs: `function-not-found`, `conflict` …")
    callId: str = Field(description="The same as the header `X-Call-Id`.")  # noqa: N815
    fix: str | None = Field(None, description="What to do or type next.")
    errors: list[FieldError] | None = None
    log: str | None = Field(None, description="The end of a failed build's log.")


class NotAcceptable(PlatError):
    """None of the media types that the caller accepts can be had."""

    code, status = "not-acceptable", 406


class UnsupportedMediaType(PlatError):
    """A body of a type that this path does not read."""

    code, status = "unsupported-media-type", 415


@dataclass(frozen=True, slots=True)
class Parts:
    """A problem before it is rendered."""

    status: int
    code: str
    detail: str
    fix: str = ""
    errors: Sequence[Mapping[str, str]] = ()
    log: str = ""
    retry_after: float | None = None


def problem(parts: Parts, call_id: str, headers: Mapping[str, str] | None = None) -> Response:
    """The response for a failure."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(parts.status).phrase,
        "status": parts.status,
        "detail": parts.detail,
        "code": parts.code,
        "callId": call_id,
    }
    optional = {"fix": parts.fix, "errors": list(parts.errors), "log": parts.log}
    document |= {key: value for key, value in optional.items() if value}
    # ensure_ascii keeps a lone surrogate that is quoted back from breaking the encoding
    body = json.dumps(document, ensure_ascii=True).encode()
    response = Response(body, parts.status, headers, media_type=PROBLEM_TYPE)
    if parts.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, ceil(parts.retry_after)))
    return response


def parts_of(error: PlatError, *, log: str = "") -> Parts:
    """The parts of a typed error."""
    errors = [{"field": error.field, "message": error.message}] if error.field else []
    if isinstance(error, InvalidInput):
        errors = [item for item in error.errors if item["field"]]
    detail = error.message
    if isinstance(error, BuildFailed):
        detail = with_line(error.message, error.line)
    return Parts(
        error.status, error.code, detail, describe(error.fix), errors, log, error.retry_after
    )


def status_of(code: str) -> int:
    """The HTTP status of a code; 422 for one that no error of plat's has."""
    kinds = {kind.code: kind.status for kind in PlatError.__subclasses__()}
    return kinds.get(code, PlatError.status if code == PlatError.code else 422)


def call_id_of(scope: Scope) -> str:
    """The id that the outermost layer gave this request."""
    return str(scope.get("state", {}).get("call_id", ""))


def install(app: FastAPI) -> None:
    """Answer every failure of routes and framework with a problem document."""
    app.add_exception_handler(PlatError, _plat_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


async def _plat_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, PlatError):
        raise error
    return problem(parts_of(error), call_id_of(request.scope))


async def _validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    errors = [
        {"field": _field(item["loc"]), "message": str(item["msg"]).removeprefix("Value error, ")}
        for item in error.errors()
    ]
    detail = "; ".join(f"{item['field']}: {item['message']}" for item in errors)
    parts = Parts(422, "invalid-input", detail, errors=errors)
    return problem(parts, call_id_of(request.scope))


def _field(location: Sequence[int | str]) -> str:
    """The field a parameter stands for: the name in the path is `metadata.name`."""
    path = [str(part) for part in location]
    if path == ["path", "name"]:
        return "metadata.name"
    if path == ["query", "namespace"]:
        return "metadata.namespace"
    return ".".join(path[1:])


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    detail = str(error.detail)
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_allowed(request))
        detail = f"{request.method} is not for this path; it takes {headers['Allow']}"
    elif error.status_code == 404:
        detail = "there is nothing at this path; /openapi.json lists what there is"
    code = _FRAMEWORK_CODES.get(error.status_code, "malformed")
    parts = Parts(error.status_code, code, detail)
    return problem(parts, call_id_of(request.scope), headers)


def _allowed(request: Request) -> list[str]:
    """All methods of a path: the framework only names those of the first route that matches."""
    path = request.scope["path"]
    methods = {
        method
        for route in (*request.app.state.routes, *request.app.routes)
        if isinstance(route, Route | APIRoute) and route.path_regex.match(path)
        for method in route.methods or ()
    }
    return sorted(methods)
