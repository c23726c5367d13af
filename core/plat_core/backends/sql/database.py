"""The database: one engine, one thread, one place where a driver's error becomes ours.

SQLite in WAL mode with `synchronous=FULL`: what a transaction committed survives a power cut
(https://www.sqlite.org/pragma.html#pragma_synchronous). The file holds secrets, so only its owner
may read it.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from plat_core.backends.sql.tables import SCHEMAS
from plat_core.errors import Conflict, PlatError, Unavailable

T = TypeVar("T")
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 5
_FIXES = {
    "disk is full": "free some space on its disk; nothing that was stored is lost",
    "readonly": "make the file and its directory writable for this user",
    "unable to open": "make its directory exist and writable for this user",
    "locked": "stop the other process that uses it",
    "malformed": "restore it from a backup, or move it away to start empty",
    "not a database": "restore it from a backup, or move it away to start empty",
}


class Database:
    """An open database, migrated to this release. Made by `open`."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="plat-sql")
        self._engine = sa.create_engine(
            self._url, pool_size=1, max_overflow=0, hide_parameters=True
        )
        if self._url.get_backend_name() == "sqlite":
            sa.event.listen(self._engine, "connect", _pragmas)
            sa.event.listen(self._engine, "begin", _begin)

    @classmethod
    async def open(cls, url: str) -> Database:
        """Open `url` (`sqlite:////path/plat.db`), made and migrated where that is due.

        Raises Unavailable where it cannot be opened, Conflict where a newer release wrote it.
        """
        database = cls(url)
        try:
            await database._run(database._prepare)
        except BaseException:
            database._thread.shutdown(wait=False)
            raise
        return database

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a transaction that only reads; raises Unavailable."""
        return await self._run(lambda: self._transact(work, writes=False))

    async def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a transaction that is durable when this returns; raises Unavailable."""
        return await self._run(lambda: self._transact(work, writes=True))

    async def close(self) -> None:
        """Finish what was begun and close the file; a second call is a no-op."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._thread.shutdown(wait=True)
        self._engine.dispose()

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (DBAPIError, OSError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> PlatError:
        cause = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        fix = next((fix for mark, fix in _FIXES.items() if mark in cause), "")
        name = self._url.database or self._url.render_as_string()
        return Unavailable(f"the database {name} cannot be used: {cause}", fix=fix)

    def _transact(self, work: Callable[[sa.Connection], T], *, writes: bool) -> T:
        engine = self._engine.execution_options(writes=writes)
        with engine.begin() as connection:
            return work(connection)

    def _prepare(self) -> None:
        if self._url.get_backend_name() == "sqlite" and self._url.database:
            _own(Path(self._url.database))
        version = self._transact(_stored_version, writes=False)
        if version == SCHEMAS[-1]:
            return
        if version and version not in SCHEMAS:
            raise Conflict(
                f"the database {self._url.database} has schema {version}; "
                f"this release knows schemas up to {SCHEMAS[-1]}",
                fix="start the newer release of plat that wrote it",
            )
        self._transact(_migrate, writes=True)


def _own(path: Path) -> None:
    """Make the file for its owner alone, before SQLite makes it for everyone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _pragmas(connection: Any, _record: object) -> None:
    # the driver's own transaction handling is off: it would begin too late to lock what was read
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


def _stored_version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def _migrate(connection: sa.Connection) -> None:
    # alembic costs 9 MB and a quarter of a second: only where there is something to migrate
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, SCHEMAS[-1])
