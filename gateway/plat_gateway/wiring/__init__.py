"""The one room of the gateway that opens backends, a module for each.

Only the module of the backend in use is imported: the client of another one would cost an embedded
platform a fifth of its memory and half a second at its start.
"""
