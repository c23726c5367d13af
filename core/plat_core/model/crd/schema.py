"""From pydantic's JSON schema to a structural schema of Kubernetes.

Source: the Kubernetes documentation, "Specifying a structural schema": no references, no `anyOf`
that decides a type, no null beside a type; OpenAPI 3.0 where JSON schema differs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]
Overlay = Mapping[str, Schema]

_KEPT = (
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
"""In an overlay: what the model's schema says here does not go over."""


def dropping(*keys: str, **schema: Any) -> Schema:
    """An overlay that takes `keys` away and sets the rest."""
    return {**dict.fromkeys(keys, _DROPPED), **schema}


def structural(
    model: type[BaseModel], overlay: Overlay, words: Mapping[str, str], *, wanted: bool = True
) -> Schema:
    """The schema of `model`.

    `overlay` has what is to be changed, and `words` the description, of each `Class.field`;
    `Class.field[]` is an item of a list, `Class` an object itself. Of what is `wanted`, rather than
    observed, the description tells the default as well: the API server shows no other.
    """
    whole = model.model_json_schema(by_alias=True)
    return _Conversion(whole.get("$defs", {}), overlay, words, wanted).object(whole)


class _Conversion:
    def __init__(
        self, definitions: Schema, overlay: Overlay, words: Mapping[str, str], wanted: bool
    ) -> None:
        self._definitions = definitions
        self._overlay = overlay
        self._words = words
        self._wanted = wanted

    def object(self, schema: Schema) -> Schema:
        """A class with its fields."""
        name = schema["title"]
        properties = {
            key: self._field(field, f"{name}.{key}") for key, field in schema["properties"].items()
        }
        result: Schema = {"type": "object", "description": schema["description"]}
        if required := schema.get("required"):
            result["required"] = required
        result["properties"] = properties
        return self._amended(result, name)

    def _field(self, declared: Schema, place: str) -> Schema:
        schema = self._present(declared)
        result = self._type(schema, place)
        default = declared.get("default")
        if default not in (None, [], ()) and not isinstance(default, dict):
            result["default"] = default
        if words := self._words.get(place):
            told = self._wanted and "default" in result
            result["description"] = f"{words} Default: {_typed(default)}." if told else words
        return self._amended(result, place)

    def _present(self, schema: Schema) -> Schema:
        """An optional field's schema without the null: what is absent is left out."""
        options = [part for part in schema.get("anyOf", ()) if part.get("type") != "null"]
        return options[0] if len(options) == 1 else schema

    def _type(self, schema: Schema, place: str) -> Schema:
        if reference := schema.get("$ref"):
            return self.object(self._definitions[reference.rsplit("/", 1)[1]])
        result = {key: schema[key] for key in _KEPT if key in schema}
        if "exclusiveMinimum" in schema:
            result |= {"minimum": schema["exclusiveMinimum"], "exclusiveMinimum": True}
        if "items" in schema:
            result["items"] = self._field(schema["items"], f"{place}[]")
        if "additionalProperties" in schema:
            result["additionalProperties"] = self._type(schema["additionalProperties"], place)
        return result

    def _amended(self, schema: Schema, place: str) -> Schema:
        merged = {**schema, **self._overlay.get(place, {})}
        return {key: value for key, value in merged.items() if value is not _DROPPED}


def _typed(default: object) -> str:
    """A default as it is written in a manifest."""
    return json.dumps(default) if isinstance(default, bool) else str(default)
