"""The size (bytes) of the request of a call, which limits a queue, too."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

INDEX = ("calls_of_function", "calls", ["namespace", "name", "state", "due"])


def upgrade() -> None:
    """Add the column. Stored calls get the size 0."""
    op.add_column("calls", sa.Column("size", sa.Integer, nullable=False, server_default="0"))
    name, table, columns = INDEX
    op.drop_index(name, table)
    op.create_index(name, table, [*columns, "size"])


def downgrade() -> None:
    """Drop the column."""
    name, table, columns = INDEX
    op.drop_index(name, table)
    op.create_index(name, table, columns)
    op.drop_column("calls", "size")
