"""The result of one check of `plat doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the report, and how to fix the problem."""

    name: str
    level: Level
    text: str
    fix: str = ""
