"""The builder as a service of its own. Nothing else of this room may import it."""
