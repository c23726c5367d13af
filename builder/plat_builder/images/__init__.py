"""Images: how one is written down, put together byte for byte, and kept in a registry.

Knows nothing of functions and of how they are built.
"""
