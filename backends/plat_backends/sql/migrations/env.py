"""The environment of alembic: migrations run on the connection of `Database`."""

from alembic import context

from plat_backends.sql.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transaction_per_migration=False,
)
context.run_migrations()
