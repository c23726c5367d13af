"""The tables after the newest migration."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

SCHEMAS = ("0001", "0002", "0003", "0004", "0005")
"""All schema versions that this release supports, oldest first; the last one is current."""


class Instant(sa.TypeDecorator[datetime]):
    """A time in UTC. SQLite stores no time zone, so it is added on reading."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
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

CALL_ID = sa.String(64)

CALLS = sa.Table(
    "calls",
    METADATA,
    sa.Column("id", CALL_ID, primary_key=True),
    sa.Column("namespace", NAME, nullable=False),
    sa.Column("name", NAME, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created", Instant, nullable=False),
    sa.Column("due", Instant, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("started", Instant),
    sa.Column("finished", Instant),
    sa.Column("status", sa.Integer),
    sa.Column("truncated", sa.Boolean, nullable=False),
    sa.Column("size", sa.Integer, nullable=False, server_default="0"),
    sa.Column("trouble_code", sa.String(64)),
    sa.Column("trouble", sa.Text),
    sa.Index("calls_due", "state", "due"),
    sa.Index("calls_of_function", "namespace", "name", "state", "due", "size"),
    sa.Index("calls_created", "created"),
    sa.Index("calls_finished", "finished"),
)
"""A call in few bytes. `due`: while it runs, the moment from which its holder counts as dead.
`size`: the bytes of its request."""

CALL_REQUESTS = sa.Table(
    "call_requests",
    METADATA,
    sa.Column("id", CALL_ID, sa.ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("headers", sa.JSON, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
"""Beside the call, whose row is written several times; gone when the call is over."""

CALL_ANSWERS = sa.Table(
    "call_answers",
    METADATA,
    sa.Column("id", CALL_ID, sa.ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("headers", sa.JSON, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
