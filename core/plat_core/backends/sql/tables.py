"""The tables, as the newest migration leaves them."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

SCHEMAS = ("0001", "0002", "0003")
"""Every schema version that this release knows, oldest first; the last one is the current one."""


class Instant(sa.TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no time zone, so it is put back here."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """As UTC."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


METADATA = sa.MetaData()

NAME = sa.String(63)

FUNCTIONS = sa.Table(
    "functions",
    METADATA,
    sa.Column("namespace", NAME, primary_key=True),
    sa.Column("name", NAME, primary_key=True),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("spec", sa.JSON, nullable=False),
    sa.Column("status", sa.JSON(none_as_null=True)),
    sa.Column("serving", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
)

REVISIONS = sa.Table(
    "revisions",
    METADATA,
    sa.Column("namespace", NAME, primary_key=True),
    sa.Column("name", NAME, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("image", sa.String(512), nullable=False),
    sa.Column("spec", sa.JSON, nullable=False),
    sa.Column("created", Instant, nullable=False),
    sa.Column("secrets", sa.JSON, nullable=False),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("commit", sa.String(64), nullable=False),
    sa.ForeignKeyConstraint(
        ["namespace", "name"], ["functions.namespace", "functions.name"], ondelete="CASCADE"
    ),
)

SECRETS = sa.Table(
    "secrets",
    METADATA,
    sa.Column("namespace", NAME, primary_key=True),
    sa.Column("name", NAME, primary_key=True),
    sa.Column("values", sa.JSON, nullable=False),
    sa.Column("version", sa.String(32), nullable=False),
)
