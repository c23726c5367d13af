"""The database: one engine, one thread, and the mapping of driver errors to typed errors.

The differences between databases are in `sqlite` and `postgres`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from plat_core.errors import Conflict, InvalidInput, PlatError, Unavailable
from sqlalchemy.exc import DBAPIError

from plat_backends.sql.kinds import Kind
from plat_backends.sql.tables import SCHEMAS

T = TypeVar("T")
MIGRATIONS = Path(__file__).parent / "migrations"
TIMEOUT = 20
"""Limit (s) of one transaction, including the wait for earlier ones."""


class Database:
    """An open database, migrated to this release. Created by `open`."""

    def __init__(self, url: str) -> None:
        self._kind = _kind(url)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="plat-sql")
        self._engine = self._kind.engine()

    @classmethod
    async def open(cls, url: str) -> Database:
        """Open `sqlite:////path/plat.db` or `postgresql://user:password@host/name`, migrated.

        Raises InvalidInput for another URL, Unavailable if it cannot be opened, and Conflict if a
        newer release wrote it.
        """
        database = cls(url)
        try:
            await database._run(database._prepare)
        except BaseException:
            database._thread.submit(database._engine.dispose)
            database._thread.shutdown(wait=False)
            raise
        return database

    @staticmethod
    def check(url: str) -> None:
        """Raise the errors of `open` that concern only the URL."""
        _kind(url)

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a transaction that only reads; raises Unavailable."""
        return await self._bounded(work, self._kind.options(writes=False))

    async def write(self, work: Callable[[sa.Connection], T], *, alone: bool = True) -> T:
        """Run `work` in a transaction that is durable when this returns; raises Unavailable.

        With `alone`, it is the only writer of the database. Without, others may write at the same
        time if the database supports it.
        """
        return await self._bounded(work, self._kind.options(writes=True, alone=alone))

    async def ping(self) -> None:
        """Check that the database responds; raises Unavailable."""
        await self.read(lambda connection: connection.scalar(sa.select(1)))

    async def close(self) -> None:
        """Finish pending transactions and close the connection; a second call is a no-op."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._thread.shutdown(wait=True)
        self._engine.dispose()

    async def _bounded(self, work: Callable[[sa.Connection], T], options: Mapping[str, Any]) -> T:
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._run(lambda: self._transact(work, options))
        except TimeoutError as error:
            raise Unavailable(
                f"the database {self._kind.name} does not respond",
                fix=f"it had {TIMEOUT} s; check that it runs and can be reached from here",
            ) from error

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (DBAPIError, OSError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> PlatError:
        text = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        cause = " ".join(text.split())
        fix = next((fix for mark, fix in self._kind.fixes.items() if mark in cause), "")
        return Unavailable(f"the database {self._kind.name} cannot be used: {cause}", fix=fix)

    def _transact(self, work: Callable[[sa.Connection], T], options: Mapping[str, Any]) -> T:
        with self._engine.execution_options(**options).begin() as connection:
            return work(connection)

    def _prepare(self) -> None:
        self._kind.prepare()
        version = self._transact(_stored_version, self._kind.options(writes=False))
        if version == SCHEMAS[-1]:
            return
        if version and version not in SCHEMAS:
            raise Conflict(
                f"the database {self._kind.name} has schema {version}; "
                f"this release supports schemas up to {SCHEMAS[-1]}",
                fix="start the newer release of plat that wrote it",
            )
        self._transact(_migrate, self._kind.options(writes=True))


def _kind(text: str) -> Kind:
    """Return the kind of the database at a URL, and import only its driver."""
    try:
        url = sa.make_url(text)
        backend = url.get_backend_name()
    except sa.exc.ArgumentError:
        backend = ""
    if backend == "sqlite":
        from plat_backends.sql.sqlite import Sqlite

        return Sqlite(url)
    if backend in ("postgresql", "postgres"):
        from plat_backends.sql.postgres import Postgres

        return Postgres(url)
    raise InvalidInput(
        "DATABASE_URL is not the URL of a supported database",
        fix="sqlite:////path/to/plat.db, or postgresql://user:password@host:5432/name",
    )


def _stored_version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def _migrate(connection: sa.Connection) -> None:
    # Importing alembic takes 9 MB and 0.25 s, so import it only for a migration.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, SCHEMAS[-1])
