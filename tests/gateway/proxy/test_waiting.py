"""Calls of a function that is scaled to zero, busy, stopped or failed."""

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
    FakeScaler,
    Gateway,
    RawConnection,
    respond_with,
)

GET = b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_starts_a_function_once_and_holds_all_calls(gateway: Gateway) -> None:
    function = await gateway.function(respond_with(OK, body=2), name="other")
    asleep = gateway.route("f1", min=0, concurrency=4)
    clients = [await gateway.connect() for _ in range(10)]
    for client in clients:
        await client.send(b"POST /function/f1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
    await asyncio.wait_for(gateway.scaler.requested.wait(), PATIENCE)
    gateway.router.apply(replace(asleep, state="starting"))
    gateway.route("f1", function.address, concurrency=4)
    for client in clients:
        assert (await client.head()).startswith(b"HTTP/1.1 200 OK\r\n")
    assert gateway.scaler.requests == [(FunctionRef("f1"), 1)]
    await gateway.until_idle("f1")


async def test_no_replica_receives_more_calls_than_its_concurrency(gateway: Gateway) -> None:
    now = maximum = 0

    async def script(connection: RawConnection) -> None:
        nonlocal now, maximum
        while await connection.head():
            now += 1
            maximum = max(maximum, now)
            await asyncio.sleep(0.01)
            now -= 1
            await connection.send(OK)

    await gateway.function(script, concurrency=2)
    responses = await asyncio.gather(*(gateway.get("/function/f1") for _ in range(30)))
    assert all(response.startswith(b"HTTP/1.1 200 OK\r\n") for response in responses)
    assert maximum == 2


async def test_a_busy_function_is_a_504_with_the_reason(gateway: Gateway) -> None:
    async def script(connection: RawConnection) -> None:
        await connection.head()
        await connection.until_closed()

    function = await gateway.function(script, concurrency=1)
    first = await gateway.connect()
    await first.send(GET)
    await asyncio.wait_for(function.reached.wait(), PATIENCE)
    gateway.route("f1", function.address, concurrency=1, timeout=0.2)
    response = await gateway.get("/function/f1")
    assert response.startswith(b"HTTP/1.1 504 ")
    assert "every replica was busy" in json.loads(response.partition(b"\r\n\r\n")[2])["detail"]


async def test_a_disconnect_cancels_waiting(gateway: Gateway) -> None:
    gateway.route("f1")
    client = await gateway.connect()
    await client.send(GET)
    await asyncio.wait_for(gateway.scaler.requested.wait(), PATIENCE)
    client.abort()
    async with asyncio.timeout(PATIENCE):
        while any(s.waiting for s in gateway.router.samples()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    assert [record.status for record in gateway.records] == [499]


async def test_a_stopped_function_is_a_503_with_the_fix(gateway: Gateway) -> None:
    gateway.route("f1", state="suspended")
    response = await gateway.get("/function/f1")
    assert response.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nX-Plat-Answer: function-suspended\r\n" in response
    assert b"\r\nRetry-After: 1\r\n" in response
    assert b"plat start f1" in response
    assert gateway.scaler.requests == []


async def test_retries_a_failed_function_and_reports_the_reason(gateway: Gateway) -> None:
    broken = gateway.route("f1", state="failed", reason="OOMKilled", message="64Mi")
    task = asyncio.create_task(gateway.get("/function/f1"))
    await asyncio.wait_for(gateway.scaler.requested.wait(), PATIENCE)
    gateway.router.apply(replace(broken, state="starting"))
    gateway.router.apply(replace(broken, message="65Mi"))
    response = await task
    assert response.startswith(b"HTTP/1.1 503 ")
    assert b"OOMKilled: 65Mi" in response


async def test_does_not_wait_for_a_permanent_failure(gateway: Gateway) -> None:
    gateway.route("f1", state="failed", reason="HandlerSyntaxError", message="line 3")
    response = await gateway.get("/function/f1")
    assert response.startswith(b"HTTP/1.1 503 ")
    assert b"HandlerSyntaxError: line 3" in response
    await asyncio.wait_for(gateway.scaler.requested.wait(), PATIENCE)


async def test_a_function_deleted_during_waiting_is_not_found(gateway: Gateway) -> None:
    gateway.route("f1")
    task = asyncio.create_task(gateway.get("/function/f1"))
    await asyncio.wait_for(gateway.scaler.requested.wait(), PATIENCE)
    gateway.router.apply(RouteRemoved(FunctionRef("f1")))
    assert (await task).startswith(b"HTTP/1.1 404 ")


async def test_a_failing_scaler_is_a_503(gateway: Gateway) -> None:
    gateway.scaler.error = RuntimeError("the store is away")
    gateway.route("f1")
    response = await gateway.get("/function/f1")
    assert response.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nX-Plat-Answer: unavailable\r\n" in response


async def test_releases_a_slot_granted_during_cancellation(gateway: Gateway) -> None:
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
