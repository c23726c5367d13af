"""The core of plat: the model, the ports, and the services that use ports but no backend.

This package may import the standard library and pydantic. It may not import a web framework, kopf,
typer, a client of a backend, or any other package of plat.
"""
