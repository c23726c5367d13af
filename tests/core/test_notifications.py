"""In-process notifications: merging, order, and the end of subscriptions."""

import asyncio

from plat_core.notifications import LatestValues, Notifier


async def test_merges_changes_of_one_key_and_keeps_the_order() -> None:
    notifier: Notifier[str] = Notifier()
    with notifier.subscribe(["a"]) as subscription:
        for key in ("b", "a", "b"):
            notifier.notify(key)
        assert await subscription.take_all() == ("a", "b")
        notifier.notify("c")
        assert await subscription.take() == "c"


async def test_watch_receives_changes_from_before_its_first_iteration() -> None:
    notifier: Notifier[str] = Notifier()
    watch = notifier.watch()
    notifier.notify("a")
    assert await anext(watch) == "a"
    await watch.aclose()


async def test_a_closed_watch_is_no_subscriber() -> None:
    notifier: Notifier[str] = Notifier()
    watch = notifier.watch()
    assert notifier.subscribers == 1
    waiting = asyncio.create_task(anext(watch))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert notifier.subscribers == 0


async def test_a_watch_that_was_dropped_unstarted_is_no_subscriber() -> None:
    notifier: Notifier[str] = Notifier()
    watch = notifier.watch()
    del watch
    assert notifier.subscribers == 0


async def test_watchers_receive_all_values_then_changes_and_removals() -> None:
    values: LatestValues[str, str] = LatestValues(lambda key: f"{key} was removed")
    values.publish("a", "1")
    values.publish("b", "1")
    watch = values.watch()
    assert [await anext(watch), await anext(watch)] == ["1", "1"]
    values.publish("a", "1")
    values.publish("b", "2")
    values.publish("b", "3")
    assert await anext(watch) == "3"
    values.remove("a")
    assert await anext(watch) == "a was removed"
    await watch.aclose()
