"""Backends: the implementations of the ports, one subpackage each.

A backend uses the ports, the model and one client library. Backends may not import each other. They
share `replica` (running functions) and `stores` (storing them). Only a `wiring` module opens a
backend.
"""
