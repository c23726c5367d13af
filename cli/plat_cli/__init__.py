"""The command `plat`, a client of the HTTP API.

Commands use the platform over HTTP only. `up`, `down` and `dev` also start and stop processes.
"""
