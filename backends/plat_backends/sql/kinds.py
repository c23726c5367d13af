"""What `Database` asks of a kind of database, so that it knows none of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import sqlalchemy as sa


class Kind(Protocol):
    """One database, by its URL, before it is opened."""

    @property
    def name(self) -> str:
        """How errors call it; never with a password."""
        ...

    @property
    def fixes(self) -> Mapping[str, str]:
        """A part of a driver's message → what to do about it; the first one that fits counts."""
        ...

    def engine(self) -> sa.Engine:
        """An engine with one connection, which is made when it is first used."""
        ...

    def options(self, *, writes: bool, alone: bool = True) -> Mapping[str, Any]:
        """Execution options of a transaction that reads, or that writes while no other one does.

        Without `alone`, others may write meanwhile, if the database lets them.
        """
        ...

    def prepare(self) -> None:
        """What comes before the first connection; raises OSError."""
        ...
