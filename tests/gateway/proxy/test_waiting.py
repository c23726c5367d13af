"""Calls of a function that sleeps, is busy, stopped or broken."""

import asyncio
import json
from dataclasses import replace

from plat_core.model.names import FunctionRef
from plat_core.ports import RouteRemoved
from plat_core.services.router import Router
from plat_gateway.proxy.connection_pool import ConnectionPools
from plat_gateway.proxy.upstreams import acquire_upstream

from tests.gateway.proxy.conftest import (
    OK,
    PATIENCE,
    Conversation,
    FakeScaler,
    Gateway,
    answering,
)

GET = b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_a_sleeping_function_is_woken_once_and_all_calls_are_held(gateway: Gateway) -> None:
    function = await gateway.function(answering(OK, body=2), name="other")
    asleep = gateway.route("f1", min=0, concurrency=4)
    callers = [await gateway.connect() for _ in range(10)]
    for caller in callers:
        await caller.say(b"POST /function/f1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
    await asyncio.wait_for(gateway.scaler.woken.wait(), PATIENCE)
    gateway.router.apply(replace(asleep, state="starting"))
    gateway.route("f1", function.address, concurrency=4)
    for caller in callers:
        assert (await caller.head()).startswith(b"HTTP/1.1 200 OK\r\n")
    assert gateway.scaler.asked == [(FunctionRef("f1"), 1)]
    await gateway.until_idle("f1")


async def test_no_replica_gets_more_calls_than_it_takes(gateway: Gateway) -> None:
    now = most = 0

    async def script(conversation: Conversation) -> None:
        nonlocal now, most
        while await conversation.head():
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            now -= 1
            await conversation.say(OK)

    await gateway.function(script, concurrency=2)
    answers = await asyncio.gather(*(gateway.get("/function/f1") for _ in range(30)))
    assert all(answer.startswith(b"HTTP/1.1 200 OK\r\n") for answer in answers)
    assert most == 2


async def test_a_busy_function_is_a_504_that_says_so(gateway: Gateway) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.until_closed()

    function = await gateway.function(script, concurrency=1)
    first = await gateway.connect()
    await first.say(GET)
    await asyncio.wait_for(function.reached.wait(), PATIENCE)
    gateway.route("f1", function.address, concurrency=1, timeout=0.2)
    answer = await gateway.get("/function/f1")
    assert answer.startswith(b"HTTP/1.1 504 ")
    assert "every replica was busy" in json.loads(answer.partition(b"\r\n\r\n")[2])["detail"]


async def test_a_caller_that_leaves_while_it_waits_is_forgotten(gateway: Gateway) -> None:
    gateway.route("f1")
    caller = await gateway.connect()
    await caller.say(GET)
    await asyncio.wait_for(gateway.scaler.woken.wait(), PATIENCE)
    caller.die()
    async with asyncio.timeout(PATIENCE):
        while any(s.waiting for s in gateway.router.samples()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    assert [record.status for record in gateway.records] == [499]


async def test_a_stopped_function_says_how_to_start_it(gateway: Gateway) -> None:
    gateway.route("f1", state="suspended")
    answer = await gateway.get("/function/f1")
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nX-Plat-Answer: function-suspended\r\n" in answer
    assert b"\r\nRetry-After: 1\r\n" in answer
    assert b"plat start f1" in answer
    assert gateway.scaler.asked == []


async def test_a_broken_function_is_tried_and_the_reason_told(gateway: Gateway) -> None:
    broken = gateway.route("f1", state="failed", reason="OOMKilled", message="64Mi")
    task = asyncio.create_task(gateway.get("/function/f1"))
    await asyncio.wait_for(gateway.scaler.woken.wait(), PATIENCE)
    gateway.router.apply(replace(broken, state="starting"))
    gateway.router.apply(replace(broken, message="65Mi"))
    answer = await task
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"OOMKilled: 65Mi" in answer


async def test_nobody_waits_for_what_waiting_does_not_mend(gateway: Gateway) -> None:
    gateway.route("f1", state="failed", reason="HandlerSyntaxError", message="line 3")
    answer = await gateway.get("/function/f1")
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"HandlerSyntaxError: line 3" in answer
    await asyncio.wait_for(gateway.scaler.woken.wait(), PATIENCE)


async def test_a_function_deleted_while_calls_wait_is_not_found(gateway: Gateway) -> None:
    gateway.route("f1")
    task = asyncio.create_task(gateway.get("/function/f1"))
    await asyncio.wait_for(gateway.scaler.woken.wait(), PATIENCE)
    gateway.router.apply(RouteRemoved(FunctionRef("f1")))
    assert (await task).startswith(b"HTTP/1.1 404 ")


async def test_a_scaler_that_fails_is_a_503(gateway: Gateway) -> None:
    gateway.scaler.error = RuntimeError("the store is away")
    gateway.route("f1")
    answer = await gateway.get("/function/f1")
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nX-Plat-Answer: unavailable\r\n" in answer


async def test_a_slot_that_comes_in_the_moment_of_leaving_is_given_back(gateway: Gateway) -> None:
    router = Router(scaler=FakeScaler())
    router.apply(gateway.route("f1", "unix:/nowhere.sock", concurrency=1))
    entry = router.lookup("f1")
    assert entry is not None
    lease = router.lease(entry)
    assert lease is not None
    task = asyncio.create_task(
        acquire_upstream(
            router,
            ConnectionPools(),
            entry,
            None,
            new_connection=False,
            max_wait=PATIENCE,
            held_bytes=0,
        )
    )
    await asyncio.sleep(0)
    assert entry.waiters
    lease.release()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert entry.replicas[0].in_flight == 0
