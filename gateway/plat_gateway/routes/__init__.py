"""The routes of the management API: HTTP requests to method calls of services.

A route validates its input, calls one method of a service and renders the response. It contains no
business logic.
"""
