"""Asynchronous calls: their state, request and response."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "calls",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created", moment, nullable=False),
        sa.Column("due", moment, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("started", moment),
        sa.Column("finished", moment),
        sa.Column("status", sa.Integer),
        sa.Column("truncated", sa.Boolean, nullable=False),
        sa.Column("trouble_code", sa.String(64)),
        sa.Column("trouble", sa.Text),
    )
    op.create_index("calls_due", "calls", ["state", "due"])
    op.create_index("calls_of_function", "calls", ["namespace", "name", "state", "due"])
    op.create_index("calls_created", "calls", ["created"])
    op.create_index("calls_finished", "calls", ["finished"])
    for table in ("call_requests", "call_answers"):
        op.create_table(
            table,
            sa.Column(
                "id",
                sa.String(64),
                sa.ForeignKey("calls.id", ondelete="CASCADE"),
                primary_key=True,
            ),
            sa.Column("headers", sa.JSON, nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
        )


def downgrade() -> None:
    """Drop the tables with their rows."""
    for table in ("call_answers", "call_requests", "calls"):
        op.drop_table(table)
