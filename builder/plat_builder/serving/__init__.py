"""The builder as an HTTP service. Other modules of this package may not import it."""
