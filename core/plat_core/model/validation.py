"""Validation of data by a model, with one error that lists every invalid field.

Only this module reads pydantic's errors; edges handle `InvalidInput`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from plat_core.errors import InvalidInput
from plat_core.model.function import ENV_NAME_PATTERN, HANDLER_PATTERN, IMAGE_PATTERN
from plat_core.model.source import ARCHIVE_URL_PATTERN, DIGEST_PATTERN, GIT_URL_PATTERN
from plat_core.model.strictjson import key_path

MAX_ERRORS = 20
MAX_MESSAGE = 300

_WORDS = {"extra_forbidden": "unknown field", "missing": "is required"}
PATTERNS = {
    ENV_NAME_PATTERN: "a variable's name has letters A-Z, digits and '_', and no digit in front",
    HANDLER_PATTERN: "invalid handler: write module:name, for example app:handler",
    IMAGE_PATTERN: "invalid image reference: write for example registry/orders@sha256:…",
    GIT_URL_PATTERN: (
        "invalid repository URL: write https://host/path or ssh://user@host/path without a password"
    ),
    ARCHIVE_URL_PATTERN: "invalid archive URL: write https://host/path.zip without a password",
    DIGEST_PATTERN: "invalid digest: write sha256: and 64 hexadecimal digits",
}
"""Messages for values that do not match a pattern."""

M = TypeVar("M", bound=BaseModel)


def validate(model: type[M], data: object, *, at: str = "") -> M:
    """Return `data` as an instance of `model`.

    Raises InvalidInput. Its `field` is the path of the first invalid field below `at`, in the
    spelling of documents (`spec.scale.min`); its `errors` lists up to MAX_ERRORS of them.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise invalid(error, at=at) from None


def invalid(error: ValidationError, *, at: str = "") -> InvalidInput:
    """Return the InvalidInput for an error of pydantic."""
    details = error.errors(include_url=False, include_input=False)
    errors = [_describe(detail, at) for detail in details[:MAX_ERRORS]]
    first = errors[0]
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    field = first["field"]
    message = f"{field}: {first['message']}" if field else first["message"]
    return InvalidInput(message + more, field=field, errors=errors)


def _describe(detail: ErrorDetails, at: str) -> Mapping[str, str]:
    pattern = PATTERNS.get(str(detail.get("ctx", {}).get("pattern")))
    known = pattern or _WORDS.get(detail["type"])
    message = known or detail["msg"].removeprefix("Value error, ")
    return {"field": _path(detail["loc"], at), "message": message[:MAX_MESSAGE]}


def _path(location: Iterable[str | int], at: str) -> str:
    path = at
    for key in location:
        # pydantic marks an error of the key itself with this element
        if key != "[key]":
            path = key_path(path, key)
    return path
