"""The interface between `Database` and each kind of database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import sqlalchemy as sa


class Kind(Protocol):
    """A database, given by its URL, before it is opened."""

    @property
    def name(self) -> str:
        """Name for error messages, without a password."""
        ...

    @property
    def fixes(self) -> Mapping[str, str]:
        """A part of a driver's message → its fix; the first match counts."""
        ...

    def engine(self) -> sa.Engine:
        """An engine with one connection, which opens on first use."""
        ...

    def options(self, *, writes: bool, alone: bool = True) -> Mapping[str, Any]:
        """Execution options of a transaction that reads, or that writes while no other one does.

        Without `alone`, others may write meanwhile, if the database lets them.
        """
        ...

    def prepare(self) -> None:
        """Prepare for the first connection; raises OSError."""
        ...
