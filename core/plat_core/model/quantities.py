"""Quantities and durations as pydantic types, in the formats of Kubernetes and Go.

They are stored as the user wrote them, and parsed where they are used.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from plat_core.model.amounts import (
    DURATION_PATTERN,
    QUANTITY_PATTERN,
    cpu_cores,
    duration_seconds,
    memory_bytes,
    quantity,
)

__all__ = [
    "DURATION_PATTERN",
    "QUANTITY_PATTERN",
    "Cpu",
    "Duration",
    "Memory",
    "cpu_cores",
    "duration_seconds",
    "memory_bytes",
    "quantity",
]


def _verbatim(value: object) -> object:
    """Accept `cpu: 1`, which YAML parses as a number, like Kubernetes does."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


def _checked(convert: object) -> AfterValidator:
    def check(value: str) -> str:
        if len(value) > 64:
            raise ValueError("longer than 64 characters")
        convert(value)  # type: ignore[operator]
        return value

    return AfterValidator(check)


Memory = Annotated[
    str,
    BeforeValidator(_verbatim),
    _checked(memory_bytes),
    Field(json_schema_extra={"pattern": QUANTITY_PATTERN, "maxLength": 64}),
]
Cpu = Annotated[
    str,
    BeforeValidator(_verbatim),
    _checked(cpu_cores),
    Field(json_schema_extra={"pattern": QUANTITY_PATTERN, "maxLength": 64}),
]
Duration = Annotated[
    str,
    _checked(duration_seconds),
    Field(json_schema_extra={"pattern": DURATION_PATTERN, "maxLength": 64}),
]
