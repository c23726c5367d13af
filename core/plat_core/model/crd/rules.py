"""What the model checks in code, as CEL rules with the same words.

Source: the Kubernetes documentation, "Validation rules": a rule's cost is bounded, so each text it
reads has a length, and it is only judged where types and lengths are right.
"""

from __future__ import annotations

from typing import Final

from plat_core.model.amounts import CPU_MAX, DURATION_PATTERN, QUANTITY_PATTERN
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
    made = {"rule": rule}
    if message:
        made["message"] = message
    if expression:
        made["messageExpression"] = expression
    if path:
        made["fieldPath"] = path
    return made


def _matches(pattern: str, subject: str = "self") -> str:
    escaped = pattern.replace("\\", "\\\\")
    return f"{subject}.matches('{escaped}')"


def _is_name(subject: str) -> str:
    return f"size({subject}) <= {NAME_LENGTH} && {_matches(NAME_PATTERN, subject)}"


def _checked(*rules: Schema, **schema: object) -> Schema:
    """Rules instead of the schema's own pattern, whose refusal would only name the pattern."""
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
            f"between {low} and {high}",
            expression=f"'between {low} and {high}, not ' + self",
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
                f"{kind} is between {low} and {high}",
                expression=f"'{kind} is between {low} and {high}, not ' + {value}",
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
        f"requests.{amount} is more than limits.{amount}",
        expression=(
            f"'requests.{amount} ' + string({request}) + ' is more than limits.{amount} '"
            f" + string({limit})"
        ),
    )


_NAME: Final = _checked(_rule(_is_name("self"), NAME_RULE), maxLength=253)
_RELATIVE = (
    "size({0}) > 0 && size({0}) <= 255"
    " && !{0}.matches('(^|/)([.]{{0,2}})(/|$)')"
    " && !{0}.matches('[\\\\x00-\\\\x1f\\\\x7f\\\\\\\\:*?\"<>|]')"
)
_PATH_WORDS = "a file's path is relative, without '..', and of at most 255 characters"

ROOT: Final = [_rule(_is_name("self.metadata.name"), NAME_RULE, path=".metadata.name")]
"""Rules on the resource as a whole."""

OVERLAY: Final[dict[str, Schema]] = {
    "FunctionSpec": {
        "x-kubernetes-validations": [
            _rule(
                "has(self.image) != has(self.source)",
                "a function has exactly one of image and source",
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
                    "self.name + ' is set by the platform; PORT, K_* and PLAT_* are taken'"
                ),
            ),
            _rule(
                "!(has(self.value) && has(self.valueFrom))", "either value or valueFrom, not both"
            ),
            _rule(
                "!has(self.value) || !self.value.contains('\\x00')",
                "a value is text without NUL characters",
            ),
        ]
    },
    "EnvVar.name": _text(r"^[A-Za-z_][A-Za-z0-9_]*$", 256),
    "SecretKeyRef.name": _NAME | dropping("minLength"),
    "SecretKeyRef.key": _text(r"^[-._a-zA-Z0-9]{1,253}$", 253),
    "ResourceAmounts.cpu": _quantity("1m", str(CPU_MAX), "cpu"),
    "ResourceAmounts.memory": _quantity("1Mi", "16Ti", "memory"),
    "Resources": {"x-kubernetes-validations": [_fits("cpu"), _fits("memory")]},
    "Scale": {"x-kubernetes-validations": [_rule("self.min <= self.max", "min is more than max")]},
    "Scale.idle": _duration("1s", "86400s"),
    "Source": {
        "x-kubernetes-validations": [
            _rule(
                "[has(self.inline), has(self.git), has(self.archive)].filter(given, given).size()"
                " == 1",
                "a source has exactly one of inline, git and archive",
            )
        ]
    },
    "Source.inline": {
        "additionalProperties": {"type": "string", "maxLength": INLINE_BYTES},
        "x-kubernetes-validations": [
            _rule(f"self.all(path, {_RELATIVE.format('path')})", _PATH_WORDS),
            _rule(
                f"self.map(path, size(self[path])).sum() <= {INLINE_BYTES}",
                f"an inline source has at most {INLINE_BYTES} bytes; deploy a folder",
            ),
        ],
    },
    "GitSource.url": _text(GIT_URL_PATTERN, 2008),
    "GitSource.ref": _text(GIT_REF_PATTERN, 255),
    "GitSource.path": _checked(_rule(_RELATIVE.format("self"), _PATH_WORDS), maxLength=255),
    "ArchiveSource.url": _text(ARCHIVE_URL_PATTERN, 2008),
    "ArchiveSource.digest": _text(DIGEST_PATTERN, 71),
    "FunctionStatus.conditions": {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    },
}
"""What differs from the model's own schema, by `Class.field`."""
