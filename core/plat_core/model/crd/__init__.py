"""The custom resource definition of a `Function`, generated from the model.

Pydantic's schema is converted. Checks in code are repeated as CEL rules with the same messages, so
that `kubectl apply` rejects what the API and the CLI reject. Only `__main__` does I/O.
"""

from plat_core.model.crd.document import definition, manifest

__all__ = ["definition", "manifest"]
