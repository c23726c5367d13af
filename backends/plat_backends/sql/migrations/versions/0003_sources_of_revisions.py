"""The source of a revision: its key and its commit."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns. They are empty for stored revisions, so their source is built again."""
    for name in ("source", "commit"):
        op.add_column(
            "revisions", sa.Column(name, sa.String(64), nullable=False, server_default="")
        )


def downgrade() -> None:
    """Drop the columns."""
    for name in ("commit", "source"):
        op.drop_column("revisions", name)
