"""The data path: requests under `/function/` to a replica, and the responses back.

It has its own HTTP/1.1 implementation, which accepts only the strict grammar. It uses the router,
but no backend and no web framework. It buffers no more than the transports' high-water marks.
"""
