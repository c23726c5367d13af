"""Search over entries, as a pure function: every word and every label must be met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from plat_core.model.names import FunctionRef

from plat_metadata.entries import Entry


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for. `labels` are `key=value`, or `key` for any value."""

    words: str = ""
    labels: Sequence[str] = ()
    runtime: str | None = None
    namespace: str | None = None
    limit: int = 100
    after: FunctionRef | None = None
    """The last one of the page before."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what was found, by name; `next` is what `after` of the next page is."""

    entries: tuple[Entry, ...]
    next: FunctionRef | None = None


def search(entries: Iterable[Entry], query: Query) -> Page:
    """The page of those that meet the query."""
    words = query.words.lower().split()
    found = sorted(
        (entry for entry in entries if _meets(entry, query, words)),
        key=ref_of,
    )
    rest = (entry for entry in found if query.after is None or ref_of(entry) > query.after)
    page = tuple(islice(rest, query.limit + 1))
    if len(page) <= query.limit:
        return Page(page)
    return Page(page[:-1], ref_of(page[-2]))


def ref_of(entry: Entry) -> FunctionRef:
    """Which function it tells of."""
    return FunctionRef(entry.name, entry.namespace)


def _meets(entry: Entry, query: Query, words: Sequence[str]) -> bool:
    if query.runtime not in (None, entry.runtime):
        return False
    if query.namespace not in (None, entry.namespace):
        return False
    if not all(_has(entry, label) for label in query.labels):
        return False
    text = _text(entry) if words else ""
    return all(word in text for word in words)


def _has(entry: Entry, label: str) -> bool:
    key, equals, value = label.partition("=")
    return key in entry.labels and (not equals or entry.labels[key] == value)


def _text(entry: Entry) -> str:
    labels = (f"{key}={value}" for key, value in entry.labels.items())
    parts = (entry.name, entry.runtime or "", entry.handler or "", entry.description, *labels)
    return "\n".join(parts).lower()
