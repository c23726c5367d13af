"""The gateway: the one address of the platform.

It routes `/function/`, authenticates, wakes functions from zero, and serves the management API.
It may import the core and the builder; only `wiring` opens a backend.
"""
