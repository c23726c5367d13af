"""Search over entries, as a pure function: all words and labels must match."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from plat_core.model.names import FunctionRef

from plat_metadata.entries import Entry


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search. `labels` are `key=value`, or `key` for any value."""

    words: str = ""
    labels: Sequence[str] = ()
    runtime: str | None = None
    namespace: str | None = None
    limit: int = 100
    after: FunctionRef | None = None
    """Last function of the previous page."""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Matching entries, ordered by name; `next` is `after` of the next page."""

    entries: tuple[Entry, ...]
    next: FunctionRef | None = None


def search(entries: Iterable[Entry], query: SearchQuery) -> SearchPage:
    """Return a page of the entries that match the query."""
    words = query.words.lower().split()
    found = sorted(
        (entry for entry in entries if _matches(entry, query, words)),
        key=ref_of,
    )
    rest = (entry for entry in found if query.after is None or ref_of(entry) > query.after)
    page = tuple(islice(rest, query.limit + 1))
    if len(page) <= query.limit:
        return SearchPage(page)
    return SearchPage(page[:-1], ref_of(page[-2]))


def ref_of(entry: Entry) -> FunctionRef:
    """Return the reference of the entry's function."""
    return FunctionRef(entry.name, entry.namespace)


def _matches(entry: Entry, query: SearchQuery, words: Sequence[str]) -> bool:
    if query.runtime not in (None, entry.runtime):
        return False
    if query.namespace not in (None, entry.namespace):
        return False
    if not all(_has_label(entry, label) for label in query.labels):
        return False
    text = _text(entry) if words else ""
    return all(word in text for word in words)


def _has_label(entry: Entry, label: str) -> bool:
    key, equals, value = label.partition("=")
    return key in entry.labels and (not equals or entry.labels[key] == value)


def _text(entry: Entry) -> str:
    labels = (f"{key}={value}" for key, value in entry.labels.items())
    parts = (entry.name, entry.runtime or "", entry.handler or "", entry.description, *labels)
    return "\n".join(parts).lower()
