"""The page of the `Function` resource's fields, from the model's JSON schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plat_core.model.base import Model
from plat_core.model.function import FunctionSpec

from plat_reference.markdown import document, table

INTRODUCTION = """\
The fields of a function's `spec`: in `PUT /functions/{name}`, and all but `image` and `source` in a
folder's `function.json`. An unknown field is refused. Durations are written `250ms`, `30s`,
`1m30s`; memory `64Mi`, `1Gi`; CPU `250m`, `0.5`."""

Schema = dict[str, Any]

HEAD = ["field", "type", "default", "bounds"]

BOUNDS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "minProperties": "at least {}",
    "maxProperties": "at most {}",
    "maxLength": "at most {} characters",
}


def page() -> str:
    """Return the page: every field with its type, limits and default."""
    schema = FunctionSpec.model_json_schema(by_alias=True)
    rows = list(_rows(schema, schema.get("$defs", {}), prefix=""))
    return document("Fields of a function", INTRODUCTION, table(HEAD, rows))


def _rows(schema: Schema, definitions: Schema, prefix: str) -> Iterator[list[str]]:
    for name, declared in schema["properties"].items():
        field = _resolved(declared, definitions)
        path = f"{prefix}{name}"
        yield [f"`{path}`", _type(field, definitions), _default(declared), _bounds(field)]
        item = _resolved(field.get("items", {}), definitions)
        if "properties" in field:
            yield from _rows(field, definitions, f"{path}.")
        elif "properties" in item:
            yield from _rows(item, definitions, f"{path}[].")


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """Resolve a reference; of an optional schema, return the part that is not null."""
    options = [part for part in schema.get("anyOf", ()) if part.get("type") != "null"]
    if len(options) == 1:
        return _resolved({**schema, "anyOf": [], **options[0]}, definitions)
    if reference := schema.get("$ref"):
        return _resolved(definitions[reference.rsplit("/", 1)[1]], definitions)
    return schema


def _type(field: Schema, definitions: Schema) -> str:
    if choices := field.get("enum"):
        return ", ".join(f"`{choice}`" for choice in choices)
    if field.get("type") == "array":
        item = _resolved(field["items"], definitions)
        return f"list of {_type(item, definitions)}"
    if values := field.get("additionalProperties"):
        return f"map of {_type(_resolved(values, definitions), definitions)}"
    return str(field.get("type", "any"))


def _default(declared: Schema) -> str:
    default = declared.get("default")
    return "" if default in (None, [], {}) or isinstance(default, dict) else f"`{default}`"


def _bounds(field: Schema) -> str:
    known = {key: field[key] for key in BOUNDS if key in field}
    if known.get("maxLength") == Model.model_config["str_max_length"]:
        del known["maxLength"]  # the limit of every text; this field has a lower one
    return ", ".join(BOUNDS[key].format(f"{value:,}") for key, value in known.items())
