"""What every HTTP service of plat shares: problem documents, middleware, streams, settings.

It knows the core's errors and no service, route or backend.
"""
