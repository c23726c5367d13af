"""The migrations of the schema; alembic is imported only if one is pending."""
