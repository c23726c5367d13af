"""Conversion of pydantic's JSON schema to a structural schema of Kubernetes.

Source: the Kubernetes documentation, "Specifying a structural schema": no references, no `anyOf`
that selects a type, no null types, and OpenAPI 3.0 instead of JSON schema.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]
Overlay = Mapping[str, Schema]

_KEYWORDS = (
    "enum",
    "format",
    "maximum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minimum",
    "minItems",
    "minLength",
    "minProperties",
    "pattern",
    "required",
    "type",
)
_DROPPED = object()
"""In an overlay: removes the keyword of the model's schema."""


def dropping(*keys: str, **schema: Any) -> Schema:
    """Return an overlay that removes `keys` and sets the rest."""
    return {**dict.fromkeys(keys, _DROPPED), **schema}


def structural(
    model: type[BaseModel],
    overlay: Overlay,
    descriptions: Mapping[str, str],
    *,
    show_defaults: bool = True,
) -> Schema:
    """Return the schema of `model`.

    `overlay` has the changes and `descriptions` the description of each `Class.field`. An item of a
    list is `Class.field[]`, an object itself `Class`. `show_defaults` adds the default to each
    description, because `kubectl explain` does not show it otherwise.
    """
    whole = model.model_json_schema(by_alias=True)
    return _Conversion(whole.get("$defs", {}), overlay, descriptions, show_defaults).object(whole)


class _Conversion:
    def __init__(
        self,
        definitions: Schema,
        overlay: Overlay,
        descriptions: Mapping[str, str],
        show_defaults: bool,
    ) -> None:
        self._definitions = definitions
        self._overlay = overlay
        self._descriptions = descriptions
        self._show_defaults = show_defaults

    def object(self, schema: Schema) -> Schema:
        """Return the schema of an object with its fields."""
        name = schema["title"]
        properties = {
            key: self._field(field, f"{name}.{key}") for key, field in schema["properties"].items()
        }
        result: Schema = {"type": "object", "description": schema["description"]}
        if required := schema.get("required"):
            result["required"] = required
        result["properties"] = properties
        return self._amended(result, name)

    def _field(self, declared: Schema, path: str) -> Schema:
        schema = self._present(declared)
        result = self._type(schema, path)
        default = declared.get("default")
        if default not in (None, [], ()) and not isinstance(default, dict):
            result["default"] = default
        if text := self._descriptions.get(path):
            shown = self._show_defaults and "default" in result
            result["description"] = f"{text} Default: {_typed(default)}." if shown else text
        return self._amended(result, path)

    def _present(self, schema: Schema) -> Schema:
        """Return the schema of an optional field without null, which Kubernetes omits."""
        options = [part for part in schema.get("anyOf", ()) if part.get("type") != "null"]
        return options[0] if len(options) == 1 else schema

    def _type(self, schema: Schema, path: str) -> Schema:
        if reference := schema.get("$ref"):
            return self.object(self._definitions[reference.rsplit("/", 1)[1]])
        result = {key: schema[key] for key in _KEYWORDS if key in schema}
        if "exclusiveMinimum" in schema:
            result |= {"minimum": schema["exclusiveMinimum"], "exclusiveMinimum": True}
        if "items" in schema:
            result["items"] = self._field(schema["items"], f"{path}[]")
        if "additionalProperties" in schema:
            result["additionalProperties"] = self._type(schema["additionalProperties"], path)
        return result

    def _amended(self, schema: Schema, path: str) -> Schema:
        merged = {**schema, **self._overlay.get(path, {})}
        return {key: value for key, value in merged.items() if value is not _DROPPED}


def _typed(default: object) -> str:
    """Return a default as YAML."""
    return json.dumps(default) if isinstance(default, bool) else str(default)
