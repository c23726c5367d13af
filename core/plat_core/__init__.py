"""The heart of plat: the model, the ports, and the services that see ports but never backends.

This room may import the standard library, pydantic and, inside one backend, that backend's own
client. It may not import FastAPI, kopf, typer, or any other room of plat.
"""
