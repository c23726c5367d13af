"""The Function Controller of the docker set-up: it keeps containers as the functions say.

Its API is the gateway's management API over its own store, put together from the gateway's rooms,
with a watch of routes for gateways and `/invoke/{name}` for whoever has no gateway. Only `wiring`
opens backends, only `settings` reads the environment.
"""
