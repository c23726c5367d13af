"""The base class of all models, and checks of text that they share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """The base of all data that is received or sent."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        str_max_length=1024 * 1024,
        ser_json_inf_nan="null",
    )

    def document(self) -> dict[str, Any]:
        """Return the JSON document: camelCase, without null values."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


PATH_RULE = "a file's path must be relative, without '..', and at most 255 characters long"


def _safe_path(value: str) -> str:
    parts = value.split("/")
    if (
        not 0 < len(value) <= 255
        or any(part in ("", ".", "..") for part in parts)
        or any(ord(c) < 32 or c in '\\:*?"<>|' or ord(c) == 127 for c in value)
    ):
        raise ValueError(PATH_RULE)
    return value


FilePath = Annotated[str, AfterValidator(_safe_path)]


def encodable(value: str) -> bool:
    """Return whether a text is Unicode without lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
