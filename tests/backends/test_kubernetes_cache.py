"""The object cache, and the token bucket for writes."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_backends.kubernetes.cache import Cache
from plat_backends.token_bucket import TokenBucket
from plat_core.model.names import FunctionRef

REF = FunctionRef("orders")


def child(version: int, name: str = "orders-1", **more: Any) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "default",
        "resourceVersion": str(version),
        "labels": {"plat.dev/function": "orders"},
        **more,
    }
    return {"metadata": metadata}


def notifications(cache: Cache) -> list[int]:
    versions: list[int] = []
    cache.add_listener(
        lambda document: versions.append(int(document["metadata"]["resourceVersion"]))
    )
    return versions


def test_an_earlier_state_never_replaces_a_later_one() -> None:
    cache = Cache()
    notified = notifications(cache)
    for version in (5, 4, 5, 6):
        cache.put(child(version))
    assert cache.get("default", "orders-1") == child(6)
    assert notified == [5, 6]


def test_ignores_the_deletion_of_an_earlier_state() -> None:
    cache = Cache()
    cache.put(child(9))
    cache.drop(child(8))
    assert cache.of_function(REF) == [child(9)]
    cache.drop(child(9))
    assert cache.of_function(REF) == []
    assert len(cache) == 0


def test_a_list_removes_missing_objects_unless_they_are_newer() -> None:
    cache = Cache()
    for number, version in enumerate((3, 4, 12), 1):
        cache.put(child(version, f"orders-{number}"))
    notified = notifications(cache)
    cache.replace([child(5, "orders-2")], 10)
    assert [d["metadata"]["name"] for d in cache.of_function(REF)] == ["orders-2", "orders-3"]
    assert notified == [5, 3]


def test_drops_unused_fields_without_changing_the_document() -> None:
    cache = Cache()
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "note": "mine"}
    original = child(1, managedFields=[{"manager": "x"}], annotations=annotations)
    before = copy.deepcopy(original)
    cache.put(original)
    assert cache.get("default", "orders-1") == child(1, annotations={"note": "mine"})
    assert original == before


def test_shares_keys_and_short_texts_between_objects() -> None:
    cache = Cache()
    for number in (1, 2):
        cache.put(json.loads(json.dumps(child(number, f"orders-{number}"))))
    one, two = (document["metadata"] for document in cache.of_function(REF))
    assert one["namespace"] is two["namespace"]
    assert all(a is b for a, b in zip(sorted(one), sorted(two), strict=True))


@given(st.permutations([child(version) for version in range(1, 6)]))
def test_any_order_of_states_ends_with_the_last(states: list[dict[str, Any]]) -> None:
    cache = Cache()
    for state in states:
        cache.put(state)
    assert cache.of_function(REF) == [child(5)]


def test_a_bucket_allows_a_burst_and_then_its_rate() -> None:
    time = 100.0
    bucket = TokenBucket(10, 2, clock=lambda: time)
    assert [bucket.reserve() for _ in range(4)] == pytest.approx([0, 0, 0.1, 0.2])
    time = 110.0
    assert [bucket.reserve() for _ in range(3)] == pytest.approx([0, 0, 0.1])
