"""Secrets in SQL. Only `get` returns values; they are never logged."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from uuid import uuid4

import sqlalchemy as sa
from plat_core.model.names import SecretRef
from plat_core.notifications import Notifier

from plat_backends.sql.database import Database
from plat_backends.sql.tables import SECRETS
from plat_backends.stores.not_found import secret_not_found


class SqlSecretStore:
    """`SecretStore` and `SecretVersions` on a database.

    `watch` reports the writes of this process.
    """

    def __init__(
        self, database: Database, *, version: Callable[[], str] = lambda: uuid4().hex
    ) -> None:
        self._database = database
        self._version = version
        self._changes: Notifier[SecretRef] = Notifier()

    async def put(self, namespace: str, name: str, values: Mapping[str, str]) -> None:
        """See `SecretStore.put`."""

        def work(connection: sa.Connection) -> bool:
            query = sa.select(SECRETS.c["values"]).where(_where(namespace, name))
            old = connection.execute(query).first()
            if old is not None and old[0] == values:
                return False
            connection.execute(sa.delete(SECRETS).where(_where(namespace, name)))
            row = {"namespace": namespace, "name": name, "values": dict(values)}
            connection.execute(sa.insert(SECRETS).values(row | {"version": self._version()}))
            return True

        if await self._database.write(work):
            self._changes.notify(SecretRef(name, namespace))

    async def get(self, namespace: str, name: str) -> Mapping[str, str]:
        """See `SecretStore.get`."""
        query = sa.select(SECRETS.c["values"]).where(_where(namespace, name))
        row = await self._database.read(lambda connection: connection.execute(query).first())
        if row is None:
            raise secret_not_found(name)
        return dict(row[0])

    async def list(self, namespace: str) -> Mapping[str, Sequence[str]]:
        """See `SecretStore.list`."""
        columns = sa.select(SECRETS.c.name, SECRETS.c["values"])
        query = columns.where(SECRETS.c.namespace == namespace)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {name: sorted(values) for name, values in sorted(rows)}

    async def delete(self, namespace: str, name: str) -> None:
        """See `SecretStore.delete`."""
        query = sa.delete(SECRETS).where(_where(namespace, name))
        if not await self._database.write(lambda c: c.execute(query).rowcount):
            raise secret_not_found(name)
        self._changes.notify(SecretRef(name, namespace))

    async def versions(self, namespace: str, names: Collection[str]) -> Mapping[str, str]:
        """See `SecretVersions.versions`."""
        columns = sa.select(SECRETS.c.name, SECRETS.c.version)
        query = columns.where(SECRETS.c.namespace == namespace, SECRETS.c.name.in_(names))
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {row.name: row.version for row in rows}

    def watch(self) -> AsyncGenerator[SecretRef, None]:
        """See `SecretVersions.watch`."""
        return self._changes.watch()


def _where(namespace: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(SECRETS.c.namespace == namespace, SECRETS.c.name == name)
