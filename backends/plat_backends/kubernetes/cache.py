"""Cache of the objects of one kind, updated by a watch and by the responses to our writes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from plat_core.model.names import FunctionRef

from plat_backends.kubernetes.kinds import (
    Document,
    function_of,
    name_of,
    namespace_of,
    version_of,
)

Key = tuple[str, str]
Listener = Callable[[Document], None]

SHARED: Final = 32
"""Maximum length of a text that is stored once for all objects. A uid is longer."""
APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


class Cache:
    """Objects by namespace and name, and by the function they belong to.

    An earlier state never replaces a later one, so the response to a write and the event of the
    watch may arrive in any order. The cache stores compact copies: see `compact`.
    """

    def __init__(self, ref: Callable[[Document], FunctionRef | None] = function_of) -> None:
        self._ref = ref
        self._objects: dict[Key, Document] = {}
        self._by_function: dict[FunctionRef, set[Key]] = {}
        self._listeners: list[Listener] = []

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._objects.values()))

    def __len__(self) -> int:
        return len(self._objects)

    def add_listener(self, listener: Listener) -> None:
        """Call `listener` with each object that is added, changed or removed."""
        self._listeners.append(listener)

    def get(self, namespace: str, name: str) -> Document | None:
        """Return the object with this name, or None. Do not modify it."""
        return self._objects.get((namespace, name))

    def of_function(self, ref: FunctionRef) -> list[Document]:
        """Return the objects of a function, sorted by name."""
        return [self._objects[key] for key in sorted(self._by_function.get(ref, ()))]

    def put(self, document: Document, *, notify: bool = True) -> None:
        """Store a state of an object.

        Pass `notify=False` for the response to a write, which needs no reconcile.
        """
        key = (namespace_of(document), name_of(document))
        stored = self._objects.get(key)
        if stored is not None and version_of(stored) >= version_of(document):
            return
        stored = compact(document)
        self._unindex(key)
        self._objects[key] = stored
        if ref := self._ref(stored):
            self._by_function.setdefault(ref, set()).add(key)
        if notify:
            self._notify(stored)

    def drop(self, document: Document) -> None:
        """Remove an object; `document` is its last state."""
        key = (namespace_of(document), name_of(document))
        stored = self._objects.get(key)
        if stored is None or version_of(stored) > version_of(document):
            return
        self._unindex(key)
        del self._objects[key]
        self._notify(stored)

    def replace(self, documents: Iterable[Document], version: int) -> None:
        """Store a list of `version`, and remove what it lacks unless that is newer."""
        listed = set()
        for document in documents:
            listed.add((namespace_of(document), name_of(document)))
            self.put(document)
        for key, stored in list(self._objects.items()):
            if key not in listed and version_of(stored) <= version:
                self.drop(stored)

    def _unindex(self, key: Key) -> None:
        stored = self._objects.get(key)
        ref = self._ref(stored) if stored is not None else None
        if ref is not None and (keys := self._by_function.get(ref)):
            keys.discard(key)
            if not keys:
                del self._by_function[ref]

    def _notify(self, document: Document) -> None:
        for listener in self._listeners:
            listener(document)


def compact(document: Document) -> Document:
    """Return a copy without unused fields that shares short texts with other copies.

    Without sharing, texts such as `metadata` and `RollingUpdate` take half of the memory of an
    object. `managedFields` and kubectl's last-applied copy are as large as the object itself.
    """
    metadata = {k: v for k, v in document["metadata"].items() if k != "managedFields"}
    annotations = metadata.get("annotations")
    if annotations and APPLIED in annotations:
        metadata["annotations"] = {k: v for k, v in annotations.items() if k != APPLIED}
    copied: Document = _shared({**document, "metadata": metadata})
    return copied


def _shared(value: Any) -> Any:
    if isinstance(value, dict):
        return {sys.intern(key): _shared(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_shared(each) for each in value]
    return sys.intern(value) if isinstance(value, str) and len(value) <= SHARED else value
