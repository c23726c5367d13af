"""The model's checks in code as CEL rules, with the same messages.

Source: the Kubernetes documentation, "Validation rules". The cost of a rule is limited, so every
string it reads has a maximum length. Rules run only if types and lengths are valid.
"""

from __future__ import annotations

from typing import Final

from plat_core.model.amounts import CPU_MAX, DURATION_PATTERN, QUANTITY_PATTERN
from plat_core.model.base import PATH_RULE
from plat_core.model.crd.schema import Schema, dropping
from plat_core.model.function import HANDLER_PATTERN, IMAGE_PATTERN, Scale
from plat_core.model.names import NAME_LENGTH, NAME_PATTERN, NAME_RULE
from plat_core.model.source import (
    ARCHIVE_URL_PATTERN,
    DIGEST_PATTERN,
    GIT_REF_PATTERN,
    GIT_URL_PATTERN,
    INLINE_BYTES,
)
from plat_core.model.validation import PATTERNS

_QUOTED = '"\'" + {} + "\'"'
_SELF = _QUOTED.format("self")


def _rule(rule: str, message: str = "", *, expression: str = "", path: str = "") -> Schema:
    result = {"rule": rule}
    if message:
        result["message"] = message
    if expression:
        result["messageExpression"] = expression
    if path:
        result["fieldPath"] = path
    return result


def _matches(pattern: str, subject: str = "self") -> str:
    escaped = pattern.replace("\\", "\\\\")
    return f"{subject}.matches('{escaped}')"


def _is_name(subject: str) -> str:
    return f"size({subject}) <= {NAME_LENGTH} && {_matches(NAME_PATTERN, subject)}"


def _checked(*rules: Schema, **schema: object) -> Schema:
    """Return rules in place of the schema's pattern, whose error would only quote the pattern."""
    return dropping("pattern", **schema, **{"x-kubernetes-validations": list(rules)})


def _text(pattern: str, length: int) -> Schema:
    words = PATTERNS.get(pattern, f"String should match pattern '{pattern}'")
    return _checked(_rule(_matches(pattern), words), maxLength=length)


def _duration(low: str, high: str) -> Schema:
    is_duration = _matches(DURATION_PATTERN)
    bounds = f"duration(self) >= duration('{low}') && duration(self) <= duration('{high}')"
    return _checked(
        _rule(
            is_duration,
            "this is not a duration; write for example 30s, 1m30s or 250ms",
            expression=f"{_SELF} + ' is not a duration; write for example 30s, 1m30s or 250ms'",
        ),
        _rule(
            f"!{is_duration} || ({bounds})",
            f"must be between {low} and {high}",
            expression=f"'must be between {low} and {high}, not ' + self",
        ),
    )


def _quantity(low: str, high: str, kind: str) -> Schema:
    value = "string(self)"
    is_quantity = _matches(QUANTITY_PATTERN, value)
    words = " is not a quantity; write for example 64Mi, 1Gi, 250m or 0.5"
    bounds = (
        f"quantity({value}).compareTo(quantity('{low}')) >= 0"
        f" && quantity({value}).compareTo(quantity('{high}')) <= 0"
    )
    return {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        **dropping("type", "pattern"),
        "x-kubernetes-int-or-string": True,
        "x-kubernetes-validations": [
            _rule(is_quantity, f"this{words}", expression=f"{_QUOTED.format(value)} + '{words}'"),
            _rule(
                f"!{is_quantity} || ({bounds})",
                f"{kind} must be between {low} and {high}",
                expression=f"'{kind} must be between {low} and {high}, not ' + {value}",
            ),
        ],
    }


def _fits(amount: str) -> Schema:
    request, limit = f"self.requests.{amount}", f"self.limits.{amount}"
    present = (
        f"has(self.requests) && has({request}) && has(self.limits) && has({limit})"
        f" && isQuantity(string({request})) && isQuantity(string({limit}))"
    )
    return _rule(
        f"!({present}) || quantity(string({request})).compareTo(quantity(string({limit}))) <= 0",
        f"requests.{amount} exceeds limits.{amount}",
        expression=(
            f"'requests.{amount} ' + string({request}) + ' exceeds limits.{amount} '"
            f" + string({limit})"
        ),
    )


_NAME: Final = _checked(_rule(_is_name("self"), NAME_RULE), maxLength=253)
_RELATIVE = (
    "size({0}) > 0 && size({0}) <= 255"
    " && !{0}.matches('(^|/)([.]{{0,2}})(/|$)')"
    " && !{0}.matches('[\\\\x00-\\\\x1f\\\\x7f\\\\\\\\:*?\"<>|]')"
)

ROOT: Final = [_rule(_is_name("self.metadata.name"), NAME_RULE, path=".metadata.name")]
"""Rules for the whole resource."""

OVERLAY: Final[dict[str, Schema]] = {
    "FunctionSpec": {
        "x-kubernetes-validations": [
            _rule(
                "has(self.image) != has(self.source)",
                "exactly one of image and source is required",
            )
        ]
    },
    "FunctionSpec.runtime": _NAME | dropping("minLength"),
    "FunctionSpec.handler": _text(HANDLER_PATTERN, 512),
    "FunctionSpec.image": _text(IMAGE_PATTERN, 512),
    "FunctionSpec.timeout": _duration("0.1s", "3600s"),
    "FunctionSpec.env": {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    },
    "FunctionSpec.secrets": {"x-kubernetes-list-type": "set"},
    "FunctionSpec.secrets[]": _NAME | dropping("minLength"),
    "FunctionSpec.scale": {"default": Scale().document()},
    "EnvVar": {
        "x-kubernetes-validations": [
            _rule(
                "!self.name.matches('^(PORT|K_[A-Za-z0-9_]+|PLAT_[A-Za-z0-9_]+)$')",
                "PORT, K_* and PLAT_* are set by the platform",
                expression=(
                    "self.name + ' is set by the platform; PORT, K_* and PLAT_* are reserved'"
                ),
            ),
            _rule(
                "!(has(self.value) && has(self.valueFrom))",
                "value and valueFrom are mutually exclusive",
            ),
            _rule(
                "!has(self.value) || !self.value.contains('\\x00')",
                "value must be text without NUL characters",
            ),
        ]
    },
    "EnvVar.name": _text(r"^[A-Za-z_][A-Za-z0-9_]*$", 256),
    "SecretKeyRef.name": _NAME | dropping("minLength"),
    "SecretKeyRef.key": _text(r"^[-._a-zA-Z0-9]{1,253}$", 253),
    "ResourceAmounts.cpu": _quantity("1m", str(CPU_MAX), "cpu"),
    "ResourceAmounts.memory": _quantity("1Mi", "16Ti", "memory"),
    "Resources": {"x-kubernetes-validations": [_fits("cpu"), _fits("memory")]},
    "Scale": {"x-kubernetes-validations": [_rule("self.min <= self.max", "min exceeds max")]},
    "Scale.idle": _duration("1s", "86400s"),
    "Source": {
        "x-kubernetes-validations": [
            _rule(
                "[has(self.inline), has(self.git), has(self.archive)].filter(given, given).size()"
                " == 1",
                "exactly one of inline, git and archive is required",
            )
        ]
    },
    "Source.inline": {
        "additionalProperties": {"type": "string", "maxLength": INLINE_BYTES},
        "x-kubernetes-validations": [
            _rule(f"self.all(path, {_RELATIVE.format('path')})", PATH_RULE),
            _rule(
                f"self.map(path, size(self[path])).sum() <= {INLINE_BYTES}",
                f"an inline source has at most {INLINE_BYTES} bytes; deploy a folder",
            ),
        ],
    },
    "GitSource.url": _text(GIT_URL_PATTERN, 2008),
    "GitSource.ref": _text(GIT_REF_PATTERN, 255),
    "GitSource.path": _checked(_rule(_RELATIVE.format("self"), PATH_RULE), maxLength=255),
    "ArchiveSource.url": _text(ARCHIVE_URL_PATTERN, 2008),
    "ArchiveSource.digest": _text(DIGEST_PATTERN, 71),
    "FunctionStatus.conditions": {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    },
}
"""Differences from the model's schema, by `Class.field`."""
