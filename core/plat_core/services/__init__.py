"""The services: deploy, reconcile, scale and invoke, written against the ports.

This package may import the model, the errors and the ports. It may not import a backend, a web
framework or an SDK. It reads neither the environment nor the system clock; callers pass both in.
"""
