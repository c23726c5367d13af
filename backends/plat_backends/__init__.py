"""Backends: the implementations of the ports, one subpackage each.

A backend uses the ports, the model and one client library. Backends may not import each other. What
several need is in `replica` and in the modules of this package. Only a `wiring` module opens a
backend.
"""
