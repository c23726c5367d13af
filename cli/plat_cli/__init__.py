"""The command `plat`: flags, configuration file and environment in, HTTP calls out.

It speaks to the gateway over HTTP alone; only `up`, `down` and `dev` start processes.
"""
