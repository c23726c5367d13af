"""Search: all words and labels match, and pages are complete."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_core.model.names import FunctionRef
from plat_metadata.entries import Entry
from plat_metadata.search import SearchQuery, ref_of, search


def entry(name: str, namespace: str = "default", **fields: object) -> Entry:
    values = {"endpoint": f"http://here/function/{name}", "access": "token", "ready": True}
    return Entry.model_validate({"name": name, "namespace": namespace, **values, **fields})


ENTRIES = [
    entry("orders", labels={"team": "shop", "tier": "1"}, runtime="python-flask"),
    entry("invoices", labels={"team": "shop"}, runtime="node", description="Prints PDFs"),
    entry("orders", "staging", labels={"team": "shop", "tier": "2"}, runtime="python-flask"),
    entry("thumbs", labels={"team": "media"}, handler="app:shrink"),
]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (SearchQuery(), ["default/invoices", "default/orders", "staging/orders", "default/thumbs"]),
        (SearchQuery("ORD"), ["default/orders", "staging/orders"]),
        (SearchQuery("team=shop pdfs"), ["default/invoices"]),
        (SearchQuery("shrink"), ["default/thumbs"]),
        (SearchQuery("orders nothing"), []),
        (SearchQuery(labels=["team=shop", "tier"]), ["default/orders", "staging/orders"]),
        (SearchQuery(labels=["team=sho"]), []),
        (SearchQuery(runtime="node"), ["default/invoices"]),
        (SearchQuery(namespace="staging"), ["staging/orders"]),
    ],
)
def test_finds_entries_that_match(query: SearchQuery, names: list[str]) -> None:
    found = search(ENTRIES, query).entries
    assert [f"{each.namespace}/{each.name}" for each in found] == names


@given(count=st.integers(0, 12), limit=st.integers(1, 5))
def test_all_pages_together_are_complete(count: int, limit: int) -> None:
    entries = [entry(f"f-{number}") for number in range(count)]
    seen: list[FunctionRef] = []
    after: FunctionRef | None = None
    while True:
        page = search(entries, SearchQuery(limit=limit, after=after))
        assert len(page.entries) <= limit
        seen += map(ref_of, page.entries)
        after = page.next
        if after is None:
            break
    assert seen == sorted(map(ref_of, entries))
