"""Acceptance tests: a real platform, used like a user does."""
