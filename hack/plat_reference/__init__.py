"""Writes docs/reference from the code itself: `make generate`, and `make check` compares.

Not shipped. It may import every room and changes nothing but the pages it is asked for.
"""
