"""The schema, one numbered step after another; alembic is imported only where one is due."""
