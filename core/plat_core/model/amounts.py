"""Parsing of quantities and durations, without pydantic; `quantities` has the types.

Source: the Kubernetes API reference, `resource.Quantity`; Go's `time.ParseDuration`.
"""

from __future__ import annotations

import re
from decimal import Decimal

_SUFFIXES = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{s: Decimal(1000) ** i for i, s in enumerate(["k", "M", "G", "T", "P", "E"], 1)},
    **{s: Decimal(1024) ** i for i, s in enumerate(["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"], 1)},
}
QUANTITY_PATTERN = r"^[0-9]{1,18}(\.[0-9]{1,9})?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"
_QUANTITY = re.compile(QUANTITY_PATTERN, re.ASCII)
MEMORY_MAX = 16 * 1024**4
CPU_MAX = 1024

DURATION_PATTERN = r"^([0-9]{1,9}(\.[0-9]{1,6})?(ms|s|m|h))+$"
_DURATION_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h)", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def quantity(value: str) -> Decimal:
    """Return the number of a quantity; raise ValueError."""
    if not _QUANTITY.fullmatch(value):
        raise ValueError(f"{value!r} is not a quantity; write for example 64Mi, 1Gi, 250m or 0.5")
    number = value.rstrip("mkKMGTPEi")
    return Decimal(number) * _SUFFIXES[value[len(number) :]]


def memory_bytes(value: str) -> int:
    """Return the bytes of a memory quantity; raise ValueError."""
    size = quantity(value)
    if not 1024**2 <= size <= MEMORY_MAX:
        raise ValueError(f"memory must be between 1Mi and 16Ti, not {value}")
    return int(size)


def cpu_cores(value: str) -> float:
    """Return the cores of a CPU quantity; raise ValueError."""
    cores = quantity(value)
    if not Decimal("0.001") <= cores <= CPU_MAX:
        raise ValueError(f"cpu must be between 1m and {CPU_MAX}, not {value}")
    return float(cores)


def duration_seconds(value: str) -> float:
    """Return the seconds of a duration such as `30s`, `1m30s` or `250ms`; raise ValueError."""
    parts = _DURATION_PART.findall(value)
    if not parts or "".join(number + unit for number, unit in parts) != value:
        raise ValueError(f"{value!r} is not a duration; write for example 30s, 1m30s or 250ms")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
