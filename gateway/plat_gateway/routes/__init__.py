"""The routes of the management API: from HTTP to a verb of a service and back.

A route reads and checks its input, calls one verb and renders the answer; it decides nothing.
"""
