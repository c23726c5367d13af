"""What is known of the cluster's objects of one kind, kept by a watch and by our own writes."""

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
"""Characters of a text that other objects are likely to have as well; a uid has more."""
APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


class Cache:
    """Objects by namespace and name, and by the function they belong to.

    An earlier state never replaces a later one, so that an answer to a write and the watch may come
    in any order. What is kept is a lean copy: see `lean`.
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

    def listen(self, listener: Listener) -> None:
        """Call `listener` with each object that is new, changed, or gone."""
        self._listeners.append(listener)

    def get(self, namespace: str, name: str) -> Document | None:
        """The object of that name; it is not to be changed."""
        return self._objects.get((namespace, name))

    def of(self, ref: FunctionRef) -> list[Document]:
        """The objects that belong to a function, by name."""
        return [self._objects[key] for key in sorted(self._by_function.get(ref, ()))]

    def put(self, document: Document, *, told: bool = True) -> None:
        """Take in a state of an object; nobody is `told` of what he has just written himself."""
        key = (namespace_of(document), name_of(document))
        known = self._objects.get(key)
        if known is not None and version_of(known) >= version_of(document):
            return
        kept = lean(document)
        self._unindex(key)
        self._objects[key] = kept
        if ref := self._ref(kept):
            self._by_function.setdefault(ref, set()).add(key)
        if told:
            self._tell(kept)

    def drop(self, document: Document) -> None:
        """The object is gone; `document` is its last state."""
        key = (namespace_of(document), name_of(document))
        known = self._objects.get(key)
        if known is None or version_of(known) > version_of(document):
            return
        self._unindex(key)
        del self._objects[key]
        self._tell(known)

    def replace(self, documents: Iterable[Document], version: int) -> None:
        """Take in a list as of `version`: what it lacks, and is not newer, is gone."""
        listed = set()
        for document in documents:
            listed.add((namespace_of(document), name_of(document)))
            self.put(document)
        for key, known in list(self._objects.items()):
            if key not in listed and version_of(known) <= version:
                self.drop(known)

    def _unindex(self, key: Key) -> None:
        known = self._objects.get(key)
        ref = self._ref(known) if known is not None else None
        if ref is not None and (keys := self._by_function.get(ref)):
            keys.discard(key)
            if not keys:
                del self._by_function[ref]

    def _tell(self, document: Document) -> None:
        for listener in self._listeners:
            listener(document)


def lean(document: Document) -> Document:
    """A copy without what nobody reads, whose names and short texts are those of all other copies.

    Of a thousand functions, each child would have its own `metadata` and its own `RollingUpdate`:
    more than half of what it takes. `managedFields`, and what kubectl noted that it applied, are as
    large as the object itself.
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
