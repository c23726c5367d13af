"""The custom resource definition of a `Function`, made from the one model.

What pydantic can say as a schema is converted, what it checks in code stands here once more as a
CEL rule with the same words, so that `kubectl apply` refuses what API and CLI refuse. No I/O but in
`__main__`, which prints the document.
"""

from plat_core.model.crd.document import definition, manifest

__all__ = ["definition", "manifest"]
