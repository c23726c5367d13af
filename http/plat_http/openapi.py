"""OpenAPI documents: what FastAPI derives from the routes, and what plat adds to it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from plat_core.fix import Fix
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from plat_http.auth import SAFE_METHODS
from plat_http.fixes import describe
from plat_http.problems import PROBLEM_TYPE

REFERENCE = "#/components/schemas/{model}"

_SENTENCES = {
    400: "The request is malformed: invalid JSON, or a token in the query.",
    401: "The token is missing or invalid.",
    403: "The role of the token does not allow this.",
    404: "Not found.",
    406: "None of the accepted media types is available.",
    409: "Another change came first, or the object is being deleted.",
    413: "The body is too large.",
    415: "The media type of the body is not supported.",
    422: "The input is invalid: `errors` names the fields.",
    429: "Too many invalid tokens from this address.",
    500: "An internal error; the log has the details under the call id.",
    501: "This backend does not support it.",
    503: "A part of the platform is unavailable.",
}
_COMMON = (400, 429, 500, 503)


class FieldError(BaseModel):
    """An invalid field of the input."""

    field: str = Field(description="Path of the field, such as `spec.scale.min`.")
    message: str


class Problem(BaseModel):
    """An error, as RFC 9457 defines it."""

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
    fix: str | None = Field(None, description="How to resolve it.")
    errors: list[FieldError] | None = None
    log: str | None = Field(None, description="The end of a failed build's log.")


_documented: list[type[BaseModel]] = [Problem]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declare the problem responses of a route."""
    schema = {"$ref": REFERENCE.format(model=Problem.__name__)}
    return {
        status: {"description": _SENTENCES[status], "content": {PROBLEM_TYPE: {"schema": schema}}}
        for status in statuses
    }


def json_body(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """Declare a JSON body that the route reads itself, with the strict parser."""
    return {"requestBody": {"required": True, "content": json_content(model, example)}}


def json_content(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """Declare JSON content of a model and add the model to the schemas of the document."""
    if model not in _documented:
        _documented.append(model)
    schema = {"$ref": REFERENCE.format(model=model.__name__)}
    return {"application/json": {"schema": schema, "example": example}}


def stream_of(media_type: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Declare a streamed response."""
    return {"description": description, "content": {media_type: {"schema": schema}}}


def document(app: FastAPI, *, public: Collection[str]) -> dict[str, Any]:
    """Return the OpenAPI document of an application; `public` are the paths without a token."""
    if app.openapi_schema is None:
        app.openapi_schema = _generate(app, public)
    return app.openapi_schema


def _generate(app: FastAPI, public: Collection[str]) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        separate_input_output_schemas=False,
    )
    components = schema.setdefault("components", {})
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    _, definitions = models_json_schema(
        [(model, "validation") for model in _documented], ref_template=REFERENCE
    )
    schemas = components.setdefault("schemas", {}) | definitions.get("$defs", {})
    components["schemas"] = dict(sorted(schemas.items()))
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            _complete(operation, public=path in public, safe=method.upper() in SAFE_METHODS)
    return schema


def _complete(operation: dict[str, Any], *, public: bool, safe: bool) -> None:
    responses = operation["responses"]
    if not public:
        operation["security"] = [{"token": []}]
        statuses = [*_COMMON, 401, *(() if safe else (403,))]
        statuses += [413] if "requestBody" in operation else []
        for status, response in problems(*statuses).items():
            responses.setdefault(str(status), response)
    else:
        for status, response in problems(400, 500).items():
            responses.setdefault(str(status), response)
    for response in responses.values():
        response.setdefault("headers", {})["X-Call-Id"] = {
            "description": "Id of this request in the logs; the client may send its own.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        }
    operation["responses"] = dict(sorted(responses.items()))
