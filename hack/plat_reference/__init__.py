"""Generator of docs/reference: `make generate` writes it, and `make check` compares it.

Not shipped. It may import every room and changes nothing but the pages it is asked for.
"""
