"""The words of plat as types: pydantic models at the borders, frozen dataclasses inside.

This room validates once for the API, the CLI and the CRD. It does no I/O and knows no service.
"""
