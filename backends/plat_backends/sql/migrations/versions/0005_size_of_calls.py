"""How many bytes the request of a call has, so that a queue is bounded by them, too."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

INDEX = ("calls_of_function", "calls", ["namespace", "name", "state", "due"])


def upgrade() -> None:
    """Add the column; what waits already counts as nothing."""
    op.add_column("calls", sa.Column("size", sa.Integer, nullable=False, server_default="0"))
    name, table, columns = INDEX
    op.drop_index(name, table)
    op.create_index(name, table, [*columns, "size"])


def downgrade() -> None:
    """Drop it again."""
    name, table, columns = INDEX
    op.drop_index(name, table)
    op.create_index(name, table, columns)
    op.drop_column("calls", "size")
