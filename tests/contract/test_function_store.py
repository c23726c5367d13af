"""The contract of `FunctionStore`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from plat_core.errors import Conflict, FunctionNotFound
from plat_core.model.function import Condition, FunctionSpec, FunctionStatus
from plat_core.model.names import FunctionRef
from plat_core.ports import FunctionStore

from .samples import IMAGE, OTHER, REF, function, image, revision

STATUS = FunctionStatus(
    observed_generation=1,
    conditions=(Condition(type="Ready", status="True", reason="Serving"),),
    revision="orders-1",
)
NEWER = image("b")


async def _next(watch: AsyncIterator[FunctionRef]) -> FunctionRef:
    return await asyncio.wait_for(anext(watch), 20)


async def test_put_returns_uid_generation_and_creation_time(functions: FunctionStore) -> None:
    stored = await functions.put(function())
    assert stored.metadata.uid
    assert stored.metadata.generation == 1
    assert stored.metadata.creation_timestamp is not None
    assert stored.metadata.creation_timestamp.tzinfo is not None


async def test_get_returns_what_was_put(functions: FunctionStore) -> None:
    stored = await functions.put(function(labels={"team": "a"}, annotations={"note": "ü"}))
    record = await functions.get(REF)
    assert record.function == stored
    assert (record.revisions, record.serving, record.failed) == ((), 0, 0)


async def test_stores_every_field_of_a_spec(functions: FunctionStore) -> None:
    spec = FunctionSpec.model_validate(
        {
            "image": IMAGE,
            "runtime": "python",
            "handler": "app:app",
            "timeout": "1m30s",
            "concurrency": 3,
            "env": [
                {"name": "A", "value": ""},
                {"name": "B", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}},
            ],
            "secrets": ["db"],
            "resources": {"requests": {"cpu": 1}, "limits": {"memory": "64Mi"}},
            "scale": {"min": 1, "max": 2, "replicas": 0, "target": 1.5, "idle": "5s"},
            "access": "public",
            "suspend": True,
            "forwardAuthorization": True,
        }
    )
    await functions.put(function().model_copy(update={"spec": spec}))
    assert (await functions.get(REF)).function.spec == spec


async def test_a_changed_spec_increments_the_generation(functions: FunctionStore) -> None:
    first = await functions.put(function())
    second = await functions.put(function(image=NEWER))
    assert second.metadata.generation == 2
    assert second.metadata.uid == first.metadata.uid
    assert second.metadata.creation_timestamp == first.metadata.creation_timestamp
    assert second.metadata.resource_version != first.metadata.resource_version


async def test_an_equal_spec_changes_nothing(functions: FunctionStore) -> None:
    first = await functions.put(function())
    assert await functions.put(function()) == first
    assert (await functions.get(REF)).function == first


async def test_changed_labels_keep_the_generation(functions: FunctionStore) -> None:
    await functions.put(function())
    changed = await functions.put(function(labels={"team": "b"}))
    assert changed.metadata.generation == 1
    assert (await functions.get(REF)).function.metadata.labels == {"team": "b"}


async def test_put_ignores_the_status(functions: FunctionStore) -> None:
    stored = await functions.put(function().model_copy(update={"status": STATUS}))
    assert stored.status is None
    await functions.put_status(REF, STATUS, serving=0, failed=0)
    again = await functions.put(function(image=NEWER))
    assert again.status == STATUS


async def test_put_ignores_uid_generation_and_times(functions: FunctionStore) -> None:
    stored = await functions.put(function(uid="mine", generation=40))
    assert stored.metadata.uid != "mine"
    assert stored.metadata.generation == 1


async def test_put_accepts_the_stored_resource_version(functions: FunctionStore) -> None:
    version = (await functions.put(function())).metadata.resource_version
    changed = await functions.put(function(image=NEWER, resource_version=version))
    assert changed.metadata.generation == 2


async def test_put_with_another_resource_version_conflicts(functions: FunctionStore) -> None:
    version = (await functions.put(function())).metadata.resource_version
    await functions.put(function(image=NEWER))
    with pytest.raises(Conflict) as caught:
        await functions.put(function(resource_version=version))
    assert caught.value.field == "metadata.resourceVersion"
    assert caught.value.fix
    assert (await functions.get(REF)).function.spec.image == NEWER


async def test_first_put_with_a_resource_version_conflicts(
    functions: FunctionStore,
) -> None:
    with pytest.raises(Conflict):
        await functions.put(function(resource_version="1"))
    with pytest.raises(FunctionNotFound):
        await functions.get(REF)


async def test_put_during_deletion_conflicts(functions: FunctionStore) -> None:
    await functions.put(function())
    await functions.delete(REF)
    with pytest.raises(Conflict):
        await functions.put(function(image=NEWER))
    with pytest.raises(Conflict):
        await functions.put(function())


async def test_get_of_an_unknown_function_raises(functions: FunctionStore) -> None:
    with pytest.raises(FunctionNotFound) as caught:
        await functions.get(REF)
    assert "orders" in caught.value.message


async def test_separates_functions_by_namespace(functions: FunctionStore) -> None:
    await functions.put(function())
    with pytest.raises(FunctionNotFound):
        await functions.get(OTHER)
    await functions.put(function(OTHER, image=NEWER))
    assert (await functions.get(REF)).function.spec.image == IMAGE


async def test_list_is_sorted_and_filters_by_namespace(functions: FunctionStore) -> None:
    for ref in (FunctionRef("zebra"), OTHER, FunctionRef("apple", "team"), REF):
        await functions.put(function(ref))
    everything = [r.function.ref for r in await functions.list()]
    assert everything == [FunctionRef("apple", "team"), REF, OTHER, FunctionRef("zebra")]
    team = [r.function.ref for r in await functions.list("team")]
    assert team == [FunctionRef("apple", "team"), OTHER]
    assert await functions.list("empty") == []


async def test_list_returns_the_same_records_as_get(functions: FunctionStore) -> None:
    await functions.put(function())
    await functions.add_revision(revision(1), keep=5)
    await functions.put_status(REF, STATUS, serving=1, failed=0)
    assert list(await functions.list()) == [await functions.get(REF)]


async def test_delete_marks_the_function_until_purge(functions: FunctionStore) -> None:
    await functions.put(function())
    await functions.delete(REF)
    assert (await functions.get(REF)).function.metadata.deletion_timestamp is not None
    assert [r.function.ref for r in await functions.list()] == [REF]
    await functions.purge(REF)
    with pytest.raises(FunctionNotFound):
        await functions.get(REF)


async def test_second_delete_is_a_no_op(functions: FunctionStore) -> None:
    await functions.put(function())
    await functions.delete(REF)
    once = await functions.get(REF)
    await functions.delete(REF)
    assert await functions.get(REF) == once


async def test_delete_of_an_unknown_function_raises(functions: FunctionStore) -> None:
    with pytest.raises(FunctionNotFound):
        await functions.delete(REF)


async def test_second_purge_is_a_no_op(functions: FunctionStore) -> None:
    await functions.put(function())
    await functions.purge(REF)
    await functions.purge(REF)
    assert await functions.list() == []


async def test_purge_removes_the_revisions(functions: FunctionStore) -> None:
    first = await functions.put(function())
    await functions.add_revision(revision(1), keep=5)
    await functions.purge(REF)
    again = await functions.put(function())
    assert again.metadata.uid != first.metadata.uid
    assert again.metadata.generation == 1
    assert (await functions.get(REF)).revisions == ()


async def test_put_status_replaces_the_status_and_keeps_the_spec(functions: FunctionStore) -> None:
    stored = await functions.put(function())
    await functions.put_status(REF, STATUS, serving=2, failed=3)
    record = await functions.get(REF)
    assert (record.function.status, record.serving, record.failed) == (STATUS, 2, 3)
    assert record.function.spec == stored.spec
    assert record.function.metadata.generation == 1


async def test_an_equal_status_is_not_written(functions: FunctionStore) -> None:
    await functions.put(function())
    await functions.put_status(REF, STATUS, serving=1, failed=0)
    once = await functions.get(REF)
    await functions.put_status(REF, STATUS, serving=1, failed=0)
    assert await functions.get(REF) == once


async def test_put_status_of_an_unknown_function_raises(functions: FunctionStore) -> None:
    with pytest.raises(FunctionNotFound):
        await functions.put_status(REF, STATUS, serving=0, failed=0)


async def test_revisions_are_appended_in_order(functions: FunctionStore) -> None:
    await functions.put(function())
    await functions.add_revision(revision(1), keep=5)
    await functions.add_revision(revision(2, timeout="5s"), keep=5)
    record = await functions.get(REF)
    assert record.revisions == (revision(1), revision(2, timeout="5s"))
    assert record.latest == revision(2, timeout="5s")
    assert record.latest.name == "orders-2"


async def test_keeps_the_newest_revisions_and_the_serving_one(functions: FunctionStore) -> None:
    await functions.put(function())
    await functions.add_revision(revision(1), keep=2)
    await functions.put_status(REF, STATUS, serving=1, failed=0)
    for number in (2, 3, 4):
        await functions.add_revision(revision(number), keep=2)
    record = await functions.get(REF)
    assert [r.number for r in record.revisions] == [1, 3, 4]


@pytest.mark.parametrize("number", [0, 1, 3])
async def test_a_revision_out_of_order_conflicts(functions: FunctionStore, number: int) -> None:
    await functions.put(function())
    await functions.add_revision(revision(1), keep=5)
    with pytest.raises(Conflict):
        await functions.add_revision(revision(number), keep=5)
    assert [r.number for r in (await functions.get(REF)).revisions] == [1]


async def test_a_revision_of_an_unknown_function_raises(functions: FunctionStore) -> None:
    with pytest.raises(FunctionNotFound):
        await functions.add_revision(revision(1), keep=5)


async def test_watch_yields_every_existing_function_first(functions: FunctionStore) -> None:
    await functions.put(function())
    await functions.put(function(OTHER))
    watch = functions.watch()
    assert {await _next(watch), await _next(watch)} == {REF, OTHER}


async def test_watch_yields_changed_specs_and_deletions(functions: FunctionStore) -> None:
    watch = functions.watch()
    await functions.put(function())
    assert await _next(watch) == REF
    await functions.put(function(image=NEWER))
    assert await _next(watch) == REF
    await functions.delete(REF)
    assert await _next(watch) == REF


async def test_watch_merges_changes_without_loss(functions: FunctionStore) -> None:
    watch = functions.watch()
    await functions.put(function())
    assert await _next(watch) == REF
    for letter in "bcdef":
        await functions.put(function(image=image(letter)))
    await functions.put(function(OTHER))
    assert await _next(watch) == REF
    assert await _next(watch) == OTHER


async def test_watch_ignores_writes_that_change_nothing(functions: FunctionStore) -> None:
    watch = functions.watch()
    await functions.put(function())
    assert await _next(watch) == REF
    await functions.put(function())
    await functions.put_status(REF, STATUS, serving=0, failed=0)
    await functions.put(function(OTHER))
    assert await _next(watch) == OTHER


async def test_every_watcher_is_notified(functions: FunctionStore) -> None:
    watches = [functions.watch() for _ in range(3)]
    await functions.put(function())
    assert [await _next(watch) for watch in watches] == [REF] * 3


async def test_concurrent_puts_get_distinct_generations(functions: FunctionStore) -> None:
    images = [f"embedded/orders@sha256:{n:064x}" for n in range(20)]
    stored = await asyncio.gather(*(functions.put(function(image=i)) for i in images))
    assert sorted(f.generation for f in stored) == list(range(1, 21))
