"""SQLite in WAL mode with `synchronous=FULL`: a committed transaction survives a power cut.

https://www.sqlite.org/pragma.html#pragma_synchronous. The file holds secrets, so only its owner may
read it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

BUSY_SECONDS = 5


class Sqlite:
    """A file. See `Kind`."""

    fixes: Mapping[str, str] = {
        "disk is full": "free some space on its disk; nothing that was stored is lost",
        "readonly": "make the file and its directory writable for this user",
        "unable to open": "make its directory exist and writable for this user",
        "locked": "stop the other process that uses it",
        "malformed": "restore it from a backup, or move it away to start empty",
        "not a database": "restore it from a backup, or move it away to start empty",
    }

    def __init__(self, url: sa.URL) -> None:
        self._url = url
        self.name = url.database or url.render_as_string()

    def engine(self) -> sa.Engine:
        """See `Kind.engine`."""
        engine = sa.create_engine(self._url, pool_size=1, max_overflow=0, hide_parameters=True)
        sa.event.listen(engine, "connect", _pragmas)
        sa.event.listen(engine, "begin", _begin)
        return engine

    def options(self, *, writes: bool, alone: bool = True) -> Mapping[str, Any]:
        """See `Kind.options`; `_begin` reads them. A writer of a file is always alone."""
        del alone
        return {"writes": writes}

    def prepare(self) -> None:
        """Create the file with mode 0600, before SQLite creates it with the umask."""
        if not self._url.database:
            return
        path = Path(self._url.database)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
                os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)


def _pragmas(connection: Any, _record: object) -> None:
    # The driver would begin a transaction only at its first write, too late to lock its reads.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-2000",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
