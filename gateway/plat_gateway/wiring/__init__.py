"""Composition: the only package of the gateway that opens backends.

`assembly` puts a service together from the parts of one backend. Each backend has a module that
opens its parts. Only the module of the backend in use is imported: the client of another one would
cost an embedded platform a fifth of its memory and half a second of its start.
"""
