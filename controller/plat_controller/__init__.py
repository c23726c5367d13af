"""The Function Controller of the Docker setup: it reconciles containers with functions.

Its API is the gateway's management API over its own store. It adds a watch of routes for gateways,
and `/invoke/{name}` for clients without a gateway. Only `wiring` may import backends, and only
`settings` names environment variables.
"""
