"""The gateway: the one address of the platform.

It authenticates requests, forwards calls under `/function/`, scales functions from zero, and serves
the management API. Only `wiring` may import a backend.
"""
