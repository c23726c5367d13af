"""What the HTTP services of plat share: problem documents, middleware, streams, settings, start-up.

The package may not import a service, and it defines no routes.
"""
