"""What a revision was built from: the key of its source, and the commit."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns. Of what is stored nothing is known, so a source is built once more."""
    for name in ("source", "commit"):
        op.add_column(
            "revisions", sa.Column(name, sa.String(64), nullable=False, server_default="")
        )


def downgrade() -> None:
    """Drop them again."""
    for name in ("commit", "source"):
        op.drop_column("revisions", name)
