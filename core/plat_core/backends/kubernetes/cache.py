"""What is known of the cluster's objects of one kind, kept by a watch and by our own writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from plat_core.backends.kubernetes.kinds import (
    Document,
    function_of,
    name_of,
    namespace_of,
    version_of,
)
from plat_core.model.names import FunctionRef

Key = tuple[str, str]
Listener = Callable[[Document], None]


class Cache:
    """Objects by namespace and name, and by the function they belong to.

    An earlier state never replaces a later one, so that an answer to a write and the watch may come
    in any order. `managedFields` are dropped: they are half of an object and nobody reads them.
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
        document["metadata"].pop("managedFields", None)
        self._unindex(key)
        self._objects[key] = document
        if ref := self._ref(document):
            self._by_function.setdefault(ref, set()).add(key)
        if told:
            self._tell(document)

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
