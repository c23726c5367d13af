"""The port of logs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from plat_core.model.names import FunctionRef


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line that a replica wrote."""

    time: datetime
    replica: str
    revision: str
    stream: Literal["stdout", "stderr", "platform"]
    text: str
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class LogQuery:
    """The last `tail` matching lines, followed by new ones if `follow` is set.

    `call_id` and `replica` select lines of one call or replica.
    """

    tail: int = 100
    follow: bool = False
    call_id: str | None = None
    replica: str | None = None


class LogSource(Protocol):
    """Logs of replicas, bounded: the oldest lines are dropped first."""

    def read(self, ref: FunctionRef, query: LogQuery) -> AsyncGenerator[LogRecord, None]:
        """Yield lines in order of time; with `follow`, until the generator is closed.

        Lines of removed replicas stay readable within the bound.
        """
        ...
