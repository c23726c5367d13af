"""The operations on functions: what they store, and concurrent changes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from plat_backends.memory import MemoryFunctionStore, MemoryScaler, MemoryWorkloads
from plat_core.errors import Conflict, FunctionNotFound, InvalidInput
from plat_core.model.function import Function, FunctionSpec, FunctionStatus, Metadata
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.services.functions import FunctionEvent, Functions, ScaleChange
from plat_core.services.notifying_store import NotifyingStore

ORDERS = FunctionRef("orders")
START = datetime(2026, 1, 31, 12, tzinfo=UTC)


class YieldingStore(NotifyingStore):
    """Yields to other tasks before every access, like a database."""

    async def get(self, ref: FunctionRef) -> Any:
        await asyncio.sleep(0)
        return await super().get(ref)

    async def put(self, function: Function) -> Function:
        await asyncio.sleep(0)
        return await super().put(function)


@pytest.fixture
def store() -> YieldingStore:
    return YieldingStore(MemoryFunctionStore(), Notifier())


@pytest.fixture
def scaler() -> MemoryScaler:
    return MemoryScaler()


@pytest.fixture
def functions(store: YieldingStore, scaler: MemoryScaler) -> Functions:
    return over(store, scaler)


def over(store: NotifyingStore, scaler: MemoryScaler | None = None) -> Functions:
    ticks = count()
    return Functions(
        store,
        MemoryWorkloads(),
        store.changes,
        scaler=scaler or MemoryScaler(),
        url=lambda ref: f"http://plat/function/{ref.segment}",
        now=lambda: START + timedelta(seconds=next(ticks)),
    )


def orders(**spec: Any) -> Function:
    return Function(metadata=Metadata(name="orders"), spec=FunctionSpec(image="orders:1", **spec))


async def test_put_returns_whether_it_created_or_changed(functions: Functions) -> None:
    outcomes = [
        (await functions.put(orders())).outcome,
        (await functions.put(orders())).outcome,
        (await functions.put(orders(concurrency=5))).outcome,
    ]
    assert outcomes == ["created", "unchanged", "changed"]


async def test_one_of_two_concurrent_first_puts_creates(functions: Functions) -> None:
    puts = await asyncio.gather(*(functions.put(orders()) for _ in range(5)))
    assert sorted(put.outcome for put in puts) == ["created", *["unchanged"] * 4]


async def test_the_url_is_part_of_the_status_and_not_stored(
    functions: Functions, store: YieldingStore
) -> None:
    await functions.put(orders())
    shown = await functions.get(ORDERS)
    assert shown.status is not None
    assert shown.status.url == "http://plat/function/orders"
    assert (await store.get(ORDERS)).function.status is None


async def test_ignores_a_status_in_the_document(functions: Functions) -> None:
    sent = orders().model_copy(update={"status": FunctionStatus(replicas=7)})
    stored = (await functions.put(sent)).function
    assert stored.status is not None
    assert stored.status.replicas == 0


async def test_a_put_with_an_old_version_is_a_conflict(functions: Functions) -> None:
    first = (await functions.put(orders())).function
    await functions.put(orders(concurrency=2))
    stale = first.model_copy(update={"spec": orders(concurrency=3).spec})
    with pytest.raises(Conflict):
        await functions.put(stale)


async def test_concurrent_changes_are_all_applied(functions: Functions) -> None:
    await functions.put(orders())
    await asyncio.gather(
        functions.scale(ORDERS, ScaleChange(max=7)),
        functions.scale(ORDERS, ScaleChange(min=2)),
        functions.stop(ORDERS),
        functions.redeploy(ORDERS),
    )
    spec = (await functions.get(ORDERS)).spec
    assert (spec.scale.min, spec.scale.max, spec.suspend) == (2, 7, True)
    assert spec.redeployed_at is not None


async def test_concurrent_changes_of_two_gateways_are_all_applied(store: YieldingStore) -> None:
    one, other = over(store), over(store)
    await one.put(orders())
    await asyncio.gather(
        *(
            gateway.scale(ORDERS, change)
            for gateway, change in (
                (one, ScaleChange(max=7)),
                (other, ScaleChange(min=2)),
                (one, ScaleChange(target=3.0)),
                (other, ScaleChange(idle="5s")),
            )
        )
    )
    scale = (await one.get(ORDERS)).spec.scale
    assert (scale.min, scale.max, scale.target, scale.idle) == (2, 7, 3.0, "5s")


async def test_start_reverts_stop(functions: Functions) -> None:
    await functions.put(orders())
    assert (await functions.stop(ORDERS)).spec.bounds == (0, 0)
    assert not (await functions.start(ORDERS)).spec.suspend


async def test_every_scale_to_zero_stops_the_replicas(
    functions: Functions, scaler: MemoryScaler
) -> None:
    await functions.put(orders())
    for _ in range(2):
        await functions.scale(ORDERS, ScaleChange(replicas=0))
    assert scaler.requests == [(ORDERS, 0), (ORDERS, 0)]


async def test_a_put_without_a_scale_keeps_the_stored_one(functions: Functions) -> None:
    await functions.put(orders())
    await functions.scale(ORDERS, ScaleChange(replicas=3))
    kept = await functions.put(orders(timeout="5s"))
    assert kept.function.spec.scale.replicas == 3
    given = await functions.put(orders(scale={"max": 2}))
    assert given.function.spec.bounds == (0, 2)


async def test_scale_sets_and_removes_a_fixed_number(functions: Functions) -> None:
    await functions.put(orders())
    fixed = await functions.scale(ORDERS, ScaleChange(replicas=3))
    assert fixed.spec.bounds == (3, 3)
    change = ScaleChange.model_validate({"replicas": None, "min": 1, "max": 4})
    assert (await functions.scale(ORDERS, change)).spec.bounds == (1, 4)


@pytest.mark.parametrize(
    ("change", "field"),
    [({}, ""), ({"min": 11}, "spec.scale"), ({"idle": "0s"}, "spec.scale.idle")],
)
async def test_scale_rejects_invalid_combinations(
    functions: Functions, change: dict[str, Any], field: str
) -> None:
    await functions.put(orders())
    with pytest.raises(InvalidInput) as caught:
        await functions.scale(ORDERS, ScaleChange.model_validate(change))
    assert caught.value.field == field


async def test_a_redeploy_changes_the_template_and_survives_the_next_put(
    functions: Functions,
) -> None:
    before = (await functions.put(orders())).function
    after = await functions.redeploy(ORDERS)
    assert after.spec.template() != before.spec.template()
    assert after.generation == before.generation + 1
    assert (await functions.put(orders())).outcome == "unchanged"
    assert (await functions.redeploy(ORDERS)).spec.template() != after.spec.template()


async def test_rejects_changes_during_deletion(functions: Functions) -> None:
    await functions.put(orders())
    deleted = await functions.delete(ORDERS)
    assert deleted.metadata.deletion_timestamp is not None
    for verb in (functions.stop(ORDERS), functions.put(orders(concurrency=2))):
        with pytest.raises(Conflict):
            await verb


async def test_an_unknown_function_is_not_found(functions: Functions) -> None:
    for verb in (
        functions.get(ORDERS),
        functions.delete(ORDERS),
        functions.start(ORDERS),
        functions.replicas(ORDERS),
        functions.changed(ORDERS, "1", within=0.01),
    ):
        with pytest.raises(FunctionNotFound):
            await verb


async def test_changed_returns_on_a_new_status(functions: Functions, store: YieldingStore) -> None:
    version = (await functions.put(orders())).function.metadata.resource_version or ""
    waiting = asyncio.ensure_future(functions.changed(ORDERS, version, within=60))
    await asyncio.sleep(0)
    await store.put_status(ORDERS, FunctionStatus(replicas=1), serving=1, failed=0)
    function = await asyncio.wait_for(waiting, 30)
    assert function.status is not None
    assert function.status.replicas == 1


async def test_changed_returns_at_once_for_an_older_version(functions: Functions) -> None:
    await functions.put(orders())
    assert (await functions.changed(ORDERS, "0", within=3600)).ref == ORDERS


async def test_changed_returns_the_function_after_its_timeout(functions: Functions) -> None:
    version = (await functions.put(orders())).function.metadata.resource_version or ""
    function = await functions.changed(ORDERS, version, within=0.01)
    assert function.metadata.resource_version == version


async def test_events_start_with_existing_functions_and_yield_each_change(
    functions: Functions, store: YieldingStore
) -> None:
    await functions.put(orders())
    events = functions.events()
    assert (await anext(events)).kind == "created"
    await functions.stop(ORDERS)
    changed = await anext(events)
    assert (changed.kind, changed.function.spec.suspend) == ("changed", True)
    await store.delete(ORDERS)
    assert (await anext(events)).function.metadata.deletion_timestamp is not None
    await store.purge(ORDERS)
    deleted = await anext(events)
    assert (deleted.kind, deleted.function.ref) == ("deleted", ORDERS)
    await events.aclose()


async def test_events_filter_by_namespace(functions: Functions) -> None:
    events = functions.events("shop")
    first: asyncio.Future[FunctionEvent] = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    await functions.put(orders())
    other = Function(metadata=Metadata(name="orders", namespace="shop"), spec=orders().spec)
    await functions.put(other)
    assert (await asyncio.wait_for(first, 30)).function.ref == other.ref
    await events.aclose()


async def test_closed_events_have_no_subscription(
    functions: Functions, store: YieldingStore
) -> None:
    await functions.put(orders())
    events = functions.events()
    await anext(events)
    assert store.changes.subscribers == 1
    await events.aclose()
    assert store.changes.subscribers == 0
