"""The management API, over ASGI or over a socket."""
