"""From plain data to a model, or to one error that names every guilty field.

The only place that knows what pydantic's errors look like; edges see `InvalidInput`.
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

_WORDS = {"extra_forbidden": "there is no such field", "missing": "is required"}
PATTERNS = {
    ENV_NAME_PATTERN: "a variable's name has letters A-Z, digits and '_', and no digit in front",
    HANDLER_PATTERN: "a handler is written module:name, for example app:handler",
    IMAGE_PATTERN: "no image is called so; write for example registry/orders@sha256:…",
    GIT_URL_PATTERN: (
        "a repository's address is https://host/path or ssh://user@host/path, without a password"
    ),
    ARCHIVE_URL_PATTERN: "an archive's address is https://host/path.zip, without a password",
    DIGEST_PATTERN: "a digest is sha256: and 64 hexadecimal digits",
}
"""What to say instead of a regular expression."""

M = TypeVar("M", bound=BaseModel)


def validate(model: type[M], data: object, *, at: str = "") -> M:
    """Read `data` as `model`.

    Raises InvalidInput whose `field` is the path of the first guilty field, below `at`, in the
    outside spelling (`spec.scale.min`), and whose `errors` has up to MAX_ERRORS of them.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise invalid(error, at=at) from None


def invalid(error: ValidationError, *, at: str = "") -> InvalidInput:
    """The error of the house for one of pydantic's."""
    details = error.errors(include_url=False, include_input=False)
    errors = [_told(detail, at) for detail in details[:MAX_ERRORS]]
    first = errors[0]
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    field = first["field"]
    said = f"{field}: {first['message']}" if field else first["message"]
    return InvalidInput(said + more, field=field, errors=errors)


def _told(detail: ErrorDetails, at: str) -> Mapping[str, str]:
    pattern = PATTERNS.get(str(detail.get("ctx", {}).get("pattern")))
    words = pattern or _WORDS.get(detail["type"])
    message = words or detail["msg"].removeprefix("Value error, ")
    return {"field": _path(detail["loc"], at), "message": message[:MAX_MESSAGE]}


def _path(location: Iterable[str | int], at: str) -> str:
    path = at
    for key in location:
        # pydantic's mark for "the key itself, not its value"
        if key != "[key]":
            path = key_path(path, key)
    return path
