"""Postgres: writers hold an advisory lock, like writers of SQLite hold the file.

Deploys and status changes write a few times per second. Waiting for each other costs less than
retrying conflicts (https://www.postgresql.org/docs/17/explicit-locking.html#ADVISORY-LOCKS).
Asynchronous calls write more often, and lock only their own rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import sqlalchemy as sa
from plat_core.extras import explain_missing_extra

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 15
SILENCE_SECONDS = 10
"""Time (s) without a packet of the server after which the connection is closed."""

_LOCK = 0x706C6174
"""The key of the advisory lock: "plat"."""


class Postgres:
    """A database on a server. See `Kind`."""

    fixes: Mapping[str, str] = {
        "authentication failed": "check the user and the password in DATABASE_URL",
        "no password supplied": "DATABASE_URL needs a password: postgresql://user:password@host/name",
        "resolve host": "check that the server runs, and its name in DATABASE_URL",
        "Name or service": "check that the server runs, and its name in DATABASE_URL",
        "does not exist": "create it, or check the name in DATABASE_URL",
        "permission denied": "let the user of DATABASE_URL create tables there",
        "refused": "start the server; what was stored is not lost",
        "timeout": "check that the server runs and can be reached from here",
        "disk full": "free some space on its disk; nothing that was stored is lost",
        "No space left": "free some space on its disk; nothing that was stored is lost",
        "too many": "let the server take more connections; plat needs one for each service",
    }

    def __init__(self, url: sa.URL) -> None:
        """Prepare for a URL. Raises Unavailable when the driver is not installed."""
        # Not at the first connection: a gateway would retry that until its end.
        with explain_missing_extra():
            import_module("psycopg")
        self._url = url.set(drivername="postgresql+psycopg")
        self.name = f"{url.database or url.username} at {url.host}:{url.port or 5432}"

    def engine(self) -> sa.Engine:
        """See `Kind.engine`."""
        engine = sa.create_engine(
            self._url,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "tcp_user_timeout": SILENCE_SECONDS * 1000,
                "keepalives_idle": SILENCE_SECONDS,
                "application_name": "plat",
                # A database without an encoding would return bytes.
                "client_encoding": "utf8",
                "options": f"-c statement_timeout={STATEMENT_SECONDS * 1000}",
            },
        )
        sa.event.listen(engine, "begin", _begin)
        return engine

    def options(self, *, writes: bool, alone: bool = True) -> Mapping[str, Any]:
        """See `Kind.options`; `_begin` reads them, too."""
        if writes:
            return {"alone": alone}
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    def prepare(self) -> None:
        """See `Kind.prepare`: the server and the database already exist."""


def _begin(connection: sa.Connection) -> None:
    # Read committed: a writer that waited for the lock sees the writes before it.
    if connection.get_execution_options().get("alone"):
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
