"""`function.json`: what a folder says about itself.

Every field of a Function's spec may stand in it but `image` and `source`, which the deploy fills
in. What is not written stays unset, so that the platform's defaults stay the platform's.
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
        """The spec fields that were written, as they go into a Function document."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"name"})


def read_manifest(data: bytes) -> FunctionManifest:
    """Read a `function.json`.

    Raises TooLarge, Malformed (with line or path) and InvalidInput (with the field's path).
    """
    document = strictjson.loads(data, max_bytes=MANIFEST_BYTES)
    if not isinstance(document, dict):
        raise InvalidInput("it is one JSON object: {...}")
    if isinstance(document.get("env"), dict):
        document = {**document, "env": _variables(document["env"])}
    return validate(FunctionManifest, document)


def _variables(values: dict[str, object]) -> list[EnvVar]:
    """The short form `{"LOG_LEVEL": "info"}`."""
    for name, value in values.items():
        if not isinstance(value, str):
            path = key_path("env", name)
            raise InvalidInput(f'{path}: a value is text, write "…" around it', field=path)
    return [
        validate(EnvVar, {"name": name, "value": value}, at=key_path("env", name))
        for name, value in values.items()
    ]
