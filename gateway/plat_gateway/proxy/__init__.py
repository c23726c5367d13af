"""The data path: `/function/` from the caller's bytes to a replica and back.

Own HTTP/1.1 on both sides, as strict as the grammar. It knows the router, never a backend or the
framework; nothing of a call is buffered beyond a transport's high-water mark.
"""
