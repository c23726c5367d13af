"""Lists of objects, read page by page."""

from __future__ import annotations

from typing import Final

from plat_backends.kubernetes.api import JSON, Api
from plat_backends.kubernetes.kinds import Document, ResourceKind

PAGE_SIZE: Final = "500"


async def list_objects(
    api: Api,
    kind: ResourceKind,
    *,
    namespace: str | None = None,
    accept: str = JSON,
    **selectors: str,
) -> tuple[list[Document], int]:
    """Return all objects of a kind, and the resource version of the list."""
    path = kind.path(namespace)
    documents: list[Document] = []
    parameters = {**selectors, "limit": PAGE_SIZE}
    while True:
        page = await api.read(path, accept=accept, **parameters)
        # items of a list lack their kind, and an empty list of metadata has null for its items
        documents += [
            {"apiVersion": kind.version, "kind": kind.name, **item} for item in page["items"] or ()
        ]
        if not (token := page["metadata"].get("continue")):
            return documents, int(page["metadata"]["resourceVersion"])
        parameters["continue"] = token
