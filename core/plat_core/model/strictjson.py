"""Strict JSON: every ambiguity in a document is an error with its path.

Python's decoder accepts what RFC 8259 leaves open: duplicate keys, `NaN`, numbers beyond a double,
lone surrogates, any depth. Here each of them is rejected before a model reads the document.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from plat_core.errors import Malformed, TooLarge

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_DIGITS = 400

# optional closing quote: an unterminated string is matched once, in linear time
_STRUCTURE = re.compile(r'"(?>(?:[^"\\]++|\\.)*)"?|[\[{]|[\]}]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Rejected:
    """A placeholder for a value that is not allowed; `key` is its last path element."""

    why: str
    key: str = ""


def loads(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> object:
    """Decode one JSON document in UTF-8.

    Raises TooLarge beyond `max_bytes`, and Malformed otherwise; its `field` is the path of the
    invalid value (`spec.env[2].name`), if that is known.
    """
    if len(data) > max_bytes:
        raise TooLarge(f"the JSON document has more than {max_bytes} bytes")
    text = _decode(data)
    _check_depth(text, max_depth)
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Malformed(
            f"not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    for path, reason in _rejections(value, ""):
        raise Malformed(f"not strict JSON: {path or 'the document'}: {reason}", field=path)
    return value


def key_path(path: str, key: str | int) -> str:
    """Return the path of an element, such as `spec.env[2].name`, short and printable."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    short = key[:64]
    shown = short if short.isprintable() else short.encode("unicode_escape").decode()
    return f"{path}.{shown}" if path else shown


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"not valid JSON: byte {error.start} is not UTF-8") from None
    if not text.strip():
        raise Malformed("not valid JSON: the document is empty")
    return text


def _check_depth(text: str, limit: int) -> None:
    depth = 0
    for match in _STRUCTURE.finditer(text):
        if match[0] in ("{", "["):
            depth += 1
            if depth > limit:
                line = text.count("\n", 0, match.start()) + 1
                raise Malformed(f"nested deeper than {limit} levels at line {line}")
        elif match[0] in ("}", "]"):
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Rejected:
    result = dict(pairs)
    if len(result) == len(pairs):
        return result
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            return _Rejected("duplicate key", key)
        seen.add(key)
    raise AssertionError("unreachable: fewer keys than pairs, and none twice")


def _float(text: str) -> float | _Rejected:
    number = float(text)
    return number if math.isfinite(number) else _Rejected("the number exceeds a double")


def _int(text: str) -> int | _Rejected:
    return int(text) if len(text) <= MAX_DIGITS else _Rejected(f"more than {MAX_DIGITS} digits")


def _constant(text: str) -> _Rejected:
    return _Rejected(f"{text} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_int=_int, parse_constant=_constant
)


def _rejections(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield path and reason of each value that is not allowed."""
    if isinstance(value, _Rejected):
        yield (key_path(path, value.key) if value.key else path), value.why
    elif isinstance(value, str):
        if not value.isascii() and _has_surrogate(value):
            yield path, "lone surrogate"
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = key_path(path, key)
            if not key.isascii() and _has_surrogate(key):
                yield inner, "lone surrogate"
            yield from _rejections(item, inner)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _rejections(item, key_path(path, index))


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
