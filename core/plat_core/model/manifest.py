"""`function.json`: the settings in a function's folder.

It may set every field of a Function's spec except `image` and `source`, which the deploy adds.
Omitted fields stay unset, so that the platform's defaults apply.
"""

from __future__ import annotations

from typing import Any

from plat_core.errors import InvalidInput
from plat_core.model import strictjson
from plat_core.model.function import EnvVar, FunctionSettings
from plat_core.model.names import Name
from plat_core.model.strictjson import key_path
from plat_core.model.validation import validate

MANIFEST_NAME = "function.json"
MANIFEST_BYTES = 1024 * 1024


class FunctionManifest(FunctionSettings):
    """The content of a `function.json`."""

    name: Name | None = None

    def settings(self) -> dict[str, Any]:
        """Return the spec fields that are set, for a Function document."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"name"})


def read_manifest(data: bytes) -> FunctionManifest:
    """Read a `function.json`.

    Raises TooLarge, Malformed (with line or path) and InvalidInput (with the field's path).
    """
    document = strictjson.loads(data, max_bytes=MANIFEST_BYTES)
    if not isinstance(document, dict):
        raise InvalidInput("not a JSON object: {...}")
    if isinstance(document.get("env"), dict):
        document = {**document, "env": _variables(document["env"])}
    return validate(FunctionManifest, document)


def _variables(values: dict[str, object]) -> list[EnvVar]:
    """Return the variables of the short form `{"LOG_LEVEL": "info"}`."""
    for name, value in values.items():
        if not isinstance(value, str):
            path = key_path("env", name)
            raise InvalidInput(f'{path}: value must be text: write "…" around it', field=path)
    return [
        validate(EnvVar, {"name": name, "value": value}, at=key_path("env", name))
        for name, value in values.items()
    ]
