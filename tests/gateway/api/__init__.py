"""The management API, from the outside: over ASGI where that is enough, over a socket where not."""
