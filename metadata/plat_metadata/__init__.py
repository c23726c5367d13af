"""The Metadata Service: search for functions by name, label, runtime or words.

It caches the functions of the function controller. While the controller is unavailable, it serves
the cache and reports its age. It is read-only and never reads values of secrets. Only `wiring` may
import a backend, and only `settings` names environment variables.
"""
