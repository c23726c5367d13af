"""Operator: reconciles `Function` resources with Deployments and Services.

kopf delivers the events of Functions, and the kubernetes backend watches all other objects. The
controller of the core decides what to do, as on every backend. Only `wiring` may open the backend,
only `handlers` may import kopf, and only `settings` may name environment variables.
"""
