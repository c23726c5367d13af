"""Engines: one module per way to make an artifact, strangers to each other."""
