"""Asynchronous calls: accepted, sent by the in-process client, and stored."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from plat_backends.memory import MemoryCallStore
from plat_core.errors import CallNotOver, NoResult, Unavailable
from plat_core.model.calls import Call, CallQuery, CallRequest, CallResponse, QueueBound
from plat_core.model.names import FunctionRef
from plat_core.services.async_calls import CallPolicy

from .conftest import OK, Gateway, MakeGateway, RawConnection, echo_head, respond_with

QUICK = CallPolicy(backoff=0.001, max_backoff=0.002, lease=0.3, attempts=4)
GONE = "Connection: close\r\nHost: shop.example\r\n"


@pytest.fixture
async def gateway(make_gateway: MakeGateway) -> Gateway:
    return await make_gateway(calls=QUICK)


async def send(
    gateway: Gateway, path: str, *lines: str, body: bytes = b"", method: str = "POST"
) -> str:
    """Send an asynchronous call and return its id."""
    response = await post(gateway, path, *lines, body=body, method=method)
    assert response.startswith(b"HTTP/1.1 202 Accepted\r\n"), response
    return header(response, "X-Call-Id")


async def post(
    gateway: Gateway, path: str, *lines: str, body: bytes = b"", method: str = "POST"
) -> bytes:
    head = f"{method} /async-function/{path} HTTP/1.1\r\n{GONE}Content-Length: {len(body)}\r\n"
    head += "".join(f"{line}\r\n" for line in lines)
    return await gateway.exchange(head.encode("latin-1") + b"\r\n" + body)


def header(response: bytes, name: str) -> str:
    found = re.search(rf"\r\n{name}: ([^\r]*)", response.decode("latin-1"))
    assert found, response
    return found[1]


def problem(response: bytes) -> dict[str, object]:
    document: dict[str, object] = json.loads(response.partition(b"\r\n\r\n")[2])
    return document


async def test_responds_with_the_call_id_and_stores_the_result(gateway: Gateway) -> None:
    await gateway.function(respond_with(OK), name="f")
    response = await post(gateway, "f/a/b?c=d")
    call_id = header(response, "X-Call-Id")
    assert header(response, "Location") == f"/calls/{call_id}"
    document = problem(response)
    assert document["id"] == call_id
    assert document["state"] == "queued"
    over = await gateway.queue.over(call_id)
    assert (over.state, over.status, over.attempts) == ("succeeded", 200, 1)
    assert (over.method, over.path) == ("POST", "/a/b?c=d")
    assert (await gateway.queue.calls.result(call_id)).body == b"ok"


async def test_the_function_receives_the_original_request(gateway: Gateway) -> None:
    function = await gateway.function(echo_body(6), name="f")
    call_id = await send(
        gateway,
        "f/x%2Fy?q=%20",
        "Content-Type: image/png",
        "X-Odd: \xe9",
        "Cookie: a=b",
        "Authorization: Bearer theirs",
        "X-Forwarded-For: 6.6.6.6",
        "X-Call-Id: theirs",
        "Expect: 100-continue",
        "traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
        body=b"\0body\xff",
        method="PATCH",
    )
    await gateway.queue.over(call_id)
    received = (await gateway.queue.calls.result(call_id)).body.decode("latin-1")
    assert received.startswith("PATCH /x%2Fy?q=%20 HTTP/1.1\r\n")
    for line in (
        "Host: shop.example",
        "Content-Type: image/png",
        "X-Odd: \xe9",
        "Cookie: a=b",
        "Content-Length: 6",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Host: shop.example",
        "Forwarded: for=127.0.0.1;proto=http;host=shop.example",
        f"X-Call-Id: {call_id}",
        "traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
    ):
        assert received.count(f"\r\n{line}\r\n") == 1, (line, received)
    assert received.endswith("\r\n\r\n\0body\xff")
    for absent in ("theirs", "Expect", "6.6.6.6", "Connection"):
        assert absent not in received
    assert len(function.connections) == 1


async def test_forwards_authorization_if_the_function_opts_in(gateway: Gateway) -> None:
    await gateway.function(echo_head(), name="f", forward_authorization=True)
    call_id = await send(gateway, "f", "Authorization: Bearer theirs")
    await gateway.queue.over(call_id)
    assert b"Authorization: Bearer theirs" in (await gateway.queue.calls.result(call_id)).body


async def test_a_chunked_body_is_sent_with_its_length(gateway: Gateway) -> None:
    await gateway.function(echo_body(5), name="f")
    response = await gateway.exchange(
        f"POST /async-function/f HTTP/1.1\r\n{GONE}Transfer-Encoding: chunked\r\n\r\n".encode()
        + b"2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n"
    )
    call_id = header(response, "X-Call-Id")
    await gateway.queue.over(call_id)
    received = (await gateway.queue.calls.result(call_id)).body
    assert b"\r\nContent-Length: 5\r\n" in received
    assert b"chunked" not in received
    assert received.endswith(b"\r\n\r\nabcde")


async def test_stores_the_response_of_the_function_unchanged(gateway: Gateway) -> None:
    await gateway.function(
        respond_with(
            b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nSet-Cookie: a=1\r\n"
            b"Set-Cookie: b=2\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<b>\r\n0\r\n\r\n"
        ),
        name="f",
    )
    call_id = await send(gateway, "f")
    over = await gateway.queue.over(call_id)
    assert (over.state, over.status) == ("failed", 404)
    assert over.failure is not None
    assert over.failure.code == "answered"
    response = await gateway.queue.calls.result(call_id)
    assert response.body == b"<b>"
    assert response.headers == (
        ("Content-Type", "text/html"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    )


async def test_stores_a_response_that_ends_with_the_connection(gateway: Gateway) -> None:
    async def script(connection: RawConnection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 200 OK\r\n\r\nto the end")

    await gateway.function(script, name="f")
    call_id = await send(gateway, "f")
    assert (await gateway.queue.over(call_id)).state == "succeeded"
    assert (await gateway.queue.calls.result(call_id)).body == b"to the end"


async def test_truncates_a_response_over_the_limit(gateway: Gateway) -> None:
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
    await gateway.function(respond_with(large), name="f")
    call_id = await send(gateway, "f")
    assert (await gateway.queue.over(call_id)).truncated
    response = await gateway.queue.calls.result(call_id)
    assert (response.body, response.truncated) == (b"x" * 1000, True)


async def test_starts_a_function_once_for_all_queued_calls(gateway: Gateway) -> None:
    gateway.route("f")
    calls = [await send(gateway, "f") for _ in range(30)]
    await asyncio.wait_for(gateway.scaler.requested.wait(), 20)
    function = await gateway.function(respond_with(OK), name="f")
    assert {(await gateway.queue.over(call_id)).state for call_id in calls} == {"succeeded"}
    assert len(gateway.scaler.requests) == 1
    assert function.connections


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_retries_a_temporary_rejection_with_the_same_id(
    gateway: Gateway, status: int
) -> None:
    received: list[bytes] = []

    async def script(connection: RawConnection) -> None:
        while head := await connection.head():
            received.append(head)
            rejected = b"HTTP/1.1 %d Later\r\nContent-Length: 0\r\n\r\n" % status
            await connection.send(rejected if len(received) < 3 else OK)

    await gateway.function(script, name="f")
    call_id = await send(gateway, "f")
    over = await gateway.queue.over(call_id)
    assert (over.state, over.attempts) == ("succeeded", 3)
    assert all(f"X-Call-Id: {call_id}\r\n".encode() in head for head in received)


async def test_does_not_retry_other_statuses(gateway: Gateway) -> None:
    function = await gateway.function(
        respond_with(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"), name="f"
    )
    over = await gateway.queue.over(await send(gateway, "f"))
    assert (over.state, over.status, over.attempts) == ("failed", 500, 1)
    assert len(function.connections) == 1


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
async def test_retries_a_crashing_function_until_attempts_run_out(
    gateway: Gateway, data: bytes
) -> None:
    async def script(connection: RawConnection) -> None:
        await connection.head()
        await connection.send(data)

    await gateway.function(script, name="f")
    call_id = await send(gateway, "f")
    over = await gateway.queue.over(call_id)
    assert (over.state, over.status, over.attempts) == ("failed", None, QUICK.attempts)
    assert over.failure is not None
    assert over.failure.code == "bad-function-answer"
    with pytest.raises(NoResult, match=re.escape(over.failure.message)):
        await gateway.queue.calls.result(call_id)


async def test_calls_of_a_stopped_function_wait_until_it_starts(gateway: Gateway) -> None:
    stopped = gateway.route("f", state="suspended")
    call_id = await send(gateway, "f")
    with pytest.raises(CallNotOver):
        await gateway.queue.calls.result(call_id)
    assert (await gateway.queue.calls.get(call_id, within=0.2)).attempts == 0
    await gateway.function(respond_with(OK), name="f", revision=stopped.revision)
    assert (await gateway.queue.over(call_id)).state == "succeeded"


async def test_calls_of_a_deleted_function_fail(make_gateway: MakeGateway) -> None:
    store = MemoryCallStore()
    first = await make_gateway(calls=QUICK, store=store)
    first.route("f", state="suspended")
    call_id = await send(first, "f")
    second = await make_gateway(calls=QUICK, store=store)
    assert (await second.queue.calls.get(call_id, within=0.1)).state == "queued"
    second.queue.missing.add(FunctionRef("f"))
    second.queue.calls.wake.set()
    over = await second.queue.over(call_id)
    assert over.failure is not None
    assert (over.state, over.failure.code) == ("failed", "function-not-found")


async def test_sends_no_more_calls_than_the_replicas_accept(gateway: Gateway) -> None:
    concurrent = maximum = 0

    async def script(connection: RawConnection) -> None:
        nonlocal concurrent, maximum
        while await connection.head():
            concurrent += 1
            maximum = max(maximum, concurrent)
            await asyncio.sleep(0.005)
            concurrent -= 1
            await connection.send(OK)

    await gateway.function(script, name="f", concurrency=2, timeout=0.1)
    calls = [await send(gateway, "f") for _ in range(40)]
    found = [await gateway.queue.over(call_id) for call_id in calls]
    assert {(call.state, call.attempts) for call in found} == {("succeeded", 1)}
    assert maximum == 2


async def test_two_gateways_share_the_queue_and_send_each_call_once(
    make_gateway: MakeGateway,
) -> None:
    store, received = MemoryCallStore(), []

    async def script(connection: RawConnection) -> None:
        while head := await connection.head():
            received.append(re.search(rb"X-Call-Id: (\S+)", head)[1].decode())  # type: ignore[index]
            await connection.send(OK)

    gateways = [await make_gateway(calls=QUICK, store=store) for _ in range(2)]
    function = await gateways[0].function(script, name="f")
    gateways[1].route("f", function.address)
    calls = [await send(gateways[n % 2], "f") for n in range(30)]
    for call_id in calls:
        await gateways[0].queue.over(call_id)
    assert sorted(received) == sorted(calls)


async def test_a_stopping_gateway_returns_its_calls_to_the_queue(make_gateway: MakeGateway) -> None:
    store, reached = MemoryCallStore(), asyncio.Event()

    async def hang(connection: RawConnection) -> None:
        await connection.head()
        reached.set()
        await connection.until_closed()

    first = await make_gateway(calls=replace(QUICK, lease=60), store=store)
    hanging = await first.function(hang, name="f")
    call_id = await send(first, "f")
    await asyncio.wait_for(reached.wait(), 20)
    await first.queue.dispatcher.close(0.0)
    await asyncio.wait_for(hanging.connections[0].closed.wait(), 20)
    given = await store.get(call_id)
    assert (given.state, given.attempts) == ("queued", 0)
    second = await make_gateway(calls=QUICK, store=store)
    await second.function(respond_with(OK), name="f")
    second.queue.calls.wake.set()
    assert (await second.queue.over(call_id)).state == "succeeded"


async def test_a_stopping_gateway_finishes_calls_in_flight(gateway: Gateway) -> None:
    go, reached = asyncio.Event(), asyncio.Event()

    async def script(connection: RawConnection) -> None:
        await connection.head()
        reached.set()
        await go.wait()
        await connection.send(OK)

    await gateway.function(script, name="f")
    call_id = await send(gateway, "f")
    await asyncio.wait_for(reached.wait(), 20)
    waiting = asyncio.ensure_future(gateway.queue.calls.get(call_id, within=60.0))
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(gateway.queue.dispatcher.close(20.0))
    # a client that waits for the call is released before the call ends
    assert (await waiting).state == "running"
    go.set()
    await closing
    assert (await gateway.queue.store.get(call_id)).state == "succeeded"


class AwayStore(MemoryCallStore):
    """A database that is unavailable for the first result."""

    def __init__(self) -> None:
        super().__init__()
        self.rejected = 0

    async def finish(self, *arguments: Any, **named: Any) -> bool:
        if not self.rejected:
            self.rejected += 1
            raise Unavailable("the database is away")
        return await super().finish(*arguments, **named)


async def test_stores_a_result_once_the_database_is_back(
    make_gateway: MakeGateway,
) -> None:
    store = AwayStore()
    gateway = await make_gateway(calls=replace(QUICK, lease=60), store=store)
    function = await gateway.function(respond_with(OK), name="f")
    over = await gateway.queue.over(await send(gateway, "f"))
    assert (over.state, over.attempts, store.rejected) == ("succeeded", 1, 1)
    assert len(function.connections) == 1


async def test_deletes_finished_calls_after_the_retention(make_gateway: MakeGateway) -> None:
    store = MemoryCallStore()
    for days, call_id in ((3, "old"), (1, "new")):
        ended = datetime.now(UTC) - timedelta(days=days)
        call = Call(call_id, FunctionRef("f"), "GET", "/", ended, ended)
        await store.add(call, CallRequest("GET", "/"), QueueBound(9, 1000))
        await store.finish(call_id, "succeeded", now=ended, response=CallResponse(200))
    gateway = await make_gateway(calls=replace(QUICK, retention=2 * 86_400), store=store)
    await gateway.function(respond_with(OK), name="f")
    await gateway.queue.over(await send(gateway, "f"))
    assert "new" in (kept := {call.id for call in await store.list(CallQuery())})
    assert "old" not in kept


async def test_extends_the_lease_of_a_call_in_flight(gateway: Gateway) -> None:
    async def script(connection: RawConnection) -> None:
        await connection.head()
        await asyncio.sleep(4 * QUICK.lease)
        await connection.send(OK)

    function = await gateway.function(script, name="f")
    over = await gateway.queue.over(await send(gateway, "f"))
    assert (over.state, over.attempts) == ("succeeded", 1)
    assert len(function.connections) == 1


def echo_body(size: int):  # type: ignore[no-untyped-def]
    """Return a script that responds with the head and the body of each request."""

    async def script(connection: RawConnection) -> None:
        while head := await connection.head():
            request = head + await connection.body(size)
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(request))
            await connection.send(request)

    return script
