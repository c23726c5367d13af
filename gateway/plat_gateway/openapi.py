"""The API's document: what FastAPI knows of the routes, and what they know beyond it.

`python -m plat_gateway.openapi` writes it to `docs/reference/openapi.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from plat_gateway.auth.layer import PUBLIC, SAFE
from plat_gateway.problems import PROBLEM_TYPE, Problem

REFERENCE = "#/components/schemas/{model}"
DEFAULT_PATH = Path("docs/reference/openapi.json")

_SENTENCES = {
    400: "Not understood: broken JSON, or a token in the query.",
    401: "The token is missing or wrong.",
    403: "The token is a viewer's, who may only look.",
    404: "There is none of that name.",
    406: "None of the accepted media types can be had.",
    409: "Somebody else changed it first, or it is being deleted.",
    413: "The body is too large.",
    415: "The body is of a type that is not read here.",
    422: "Understood, but refused: `errors` names the fields.",
    429: "Too many wrong tokens came from this address.",
    500: "A failure inside plat; its log has the details at the call id.",
    501: "This backend cannot do it.",
    503: "A part of the platform does not answer.",
}
_COMMON = (400, 429, 500, 503)

_documented: list[type[BaseModel]] = [Problem]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declarations of problem responses."""
    schema = {"$ref": REFERENCE.format(model=Problem.__name__)}
    return {
        status: {"description": _SENTENCES[status], "content": {PROBLEM_TYPE: {"schema": schema}}}
        for status in statuses
    }


def json_body(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """The declaration of a JSON body that the route itself reads, strictly."""
    return {"requestBody": {"required": True, "content": json_content(model, example)}}


def json_content(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """`application/json` of a model, which is added to the document's schemas."""
    if model not in _documented:
        _documented.append(model)
    schema = {"$ref": REFERENCE.format(model=model.__name__)}
    return {"application/json": {"schema": schema, "example": example}}


def stream_of(media_type: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The declaration of a streamed answer."""
    return {"description": description, "content": {media_type: {"schema": schema}}}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the application, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def _made(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        separate_input_output_schemas=False,
    )
    components = made.setdefault("components", {})
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    _, definitions = models_json_schema(
        [(model, "validation") for model in _documented], ref_template=REFERENCE
    )
    schemas = components.setdefault("schemas", {}) | definitions.get("$defs", {})
    components["schemas"] = dict(sorted(schemas.items()))
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(operation, public=path in PUBLIC, safe=method.upper() in SAFE)
    return made


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
            "description": "The id of this request in logs; the caller's own where it sent one.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        }
    operation["responses"] = dict(sorted(responses.items()))


def main(arguments: list[str]) -> None:
    """Write the document to the path given, or to its place in the repository."""
    from plat_gateway.app import routed

    path = Path(arguments[0]) if arguments else DEFAULT_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(routed().openapi(), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
