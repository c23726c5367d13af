"""Who may ask: bearer tokens, client addresses, and the layer that asks before any routing.

Deny by default: what is not listed as public needs a token. Nothing here knows a route's meaning.
"""
