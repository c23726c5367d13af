"""The model: pydantic models at the edges, frozen dataclasses inside.

This package validates input once for the API, the CLI and the CRD. It does no I/O, and may not
import the ports or the services.
"""
