"""The backends: what stands behind the ports, each in a room of its own.

A backend knows the ports, the model and its own client. Backends are strangers to each other; what
several need stands beside them here (`changes`, `counts`, `inputs`, `probe`, `records`). Only a
`wiring` module opens one.
"""
