"""Secrets, in SQL. Values leave only through `get`; nothing here logs or shows one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from plat_core.backends.sql.database import Database
from plat_core.backends.sql.tables import SECRETS
from plat_core.errors import SecretNotFound


class SqlSecretStore:
    """`SecretStore` on a database, whose file only its owner can read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, namespace: str, name: str, values: Mapping[str, str]) -> None:
        """See `SecretStore.put`."""

        def work(connection: sa.Connection) -> None:
            connection.execute(sa.delete(SECRETS).where(_where(namespace, name)))
            row = {"namespace": namespace, "name": name, "values": dict(values)}
            connection.execute(sa.insert(SECRETS).values(row))

        await self._database.write(work)

    async def get(self, namespace: str, name: str) -> Mapping[str, str]:
        """See `SecretStore.get`."""
        query = sa.select(SECRETS.c["values"]).where(_where(namespace, name))
        row = await self._database.read(lambda connection: connection.execute(query).first())
        if row is None:
            raise _missing(name)
        return dict(row[0])

    async def list(self, namespace: str) -> Mapping[str, Sequence[str]]:
        """See `SecretStore.list`."""
        columns = sa.select(SECRETS.c.name, SECRETS.c["values"])
        query = columns.where(SECRETS.c.namespace == namespace).order_by(SECRETS.c.name)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {name: sorted(values) for name, values in rows}

    async def delete(self, namespace: str, name: str) -> None:
        """See `SecretStore.delete`."""
        query = sa.delete(SECRETS).where(_where(namespace, name))
        if not await self._database.write(lambda c: c.execute(query).rowcount):
            raise _missing(name)


def _where(namespace: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(SECRETS.c.namespace == namespace, SECRETS.c.name == name)


def _missing(name: str) -> SecretNotFound:
    return SecretNotFound(f"there is no secret {name}", fix=f"plat secret set {name} key=value")
