"""Versions of secrets, and the versions that a revision uses."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns. Stored secrets get the first version, which no revision uses."""
    op.add_column(
        "secrets", sa.Column("version", sa.String(32), nullable=False, server_default="0")
    )
    op.add_column("revisions", sa.Column("secrets", sa.JSON, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("revisions", "secrets")
    op.drop_column("secrets", "version")
