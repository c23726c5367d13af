"""Calls that nobody waits for: taken in, sent on the data path, and what is kept of them."""

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

from .conftest import OK, Conversation, Gateway, MakeGateway, answering, echo_head

QUICK = CallPolicy(backoff=0.001, max_backoff=0.002, lease=0.3, attempts=4)
GONE = "Connection: close\r\nHost: shop.example\r\n"


@pytest.fixture
async def gateway(make_gateway: MakeGateway) -> Gateway:
    return await make_gateway(calls=QUICK)


async def send(
    gateway: Gateway, path: str, *lines: str, body: bytes = b"", method: str = "POST"
) -> str:
    """The id of a call that was taken in."""
    answer = await post(gateway, path, *lines, body=body, method=method)
    assert answer.startswith(b"HTTP/1.1 202 Accepted\r\n"), answer
    return header(answer, "X-Call-Id")


async def post(
    gateway: Gateway, path: str, *lines: str, body: bytes = b"", method: str = "POST"
) -> bytes:
    head = f"{method} /async-function/{path} HTTP/1.1\r\n{GONE}Content-Length: {len(body)}\r\n"
    head += "".join(f"{line}\r\n" for line in lines)
    return await gateway.exchange(head.encode("latin-1") + b"\r\n" + body)


def header(answer: bytes, name: str) -> str:
    found = re.search(rf"\r\n{name}: ([^\r]*)", answer.decode("latin-1"))
    assert found, answer
    return found[1]


def problem(answer: bytes) -> dict[str, object]:
    document: dict[str, object] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return document


async def test_a_call_is_answered_with_its_id_and_kept_with_its_answer(gateway: Gateway) -> None:
    await gateway.function(answering(OK), name="f")
    answer = await post(gateway, "f/a/b?c=d")
    call_id = header(answer, "X-Call-Id")
    assert header(answer, "Location") == f"/calls/{call_id}"
    document = problem(answer)
    assert document["id"] == call_id
    assert document["state"] == "queued"
    over = await gateway.queue.over(call_id)
    assert (over.state, over.status, over.attempts) == ("succeeded", 200, 1)
    assert (over.method, over.path) == ("POST", "/a/b?c=d")
    assert (await gateway.queue.calls.result(call_id)).body == b"ok"


async def test_the_function_gets_what_the_caller_sent(gateway: Gateway) -> None:
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
    seen = (await gateway.queue.calls.result(call_id)).body.decode("latin-1")
    assert seen.startswith("PATCH /x%2Fy?q=%20 HTTP/1.1\r\n")
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
        assert seen.count(f"\r\n{line}\r\n") == 1, (line, seen)
    assert seen.endswith("\r\n\r\n\0body\xff")
    for absent in ("theirs", "Expect", "6.6.6.6", "Connection"):
        assert absent not in seen
    assert len(function.connections) == 1


async def test_authorization_goes_on_where_the_function_asks_for_it(gateway: Gateway) -> None:
    await gateway.function(echo_head(), name="f", forward_authorization=True)
    call_id = await send(gateway, "f", "Authorization: Bearer theirs")
    await gateway.queue.over(call_id)
    assert b"Authorization: Bearer theirs" in (await gateway.queue.calls.result(call_id)).body


async def test_a_chunked_body_is_sent_with_its_length(gateway: Gateway) -> None:
    await gateway.function(echo_body(5), name="f")
    answer = await gateway.exchange(
        f"POST /async-function/f HTTP/1.1\r\n{GONE}Transfer-Encoding: chunked\r\n\r\n".encode()
        + b"2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n"
    )
    call_id = header(answer, "X-Call-Id")
    await gateway.queue.over(call_id)
    seen = (await gateway.queue.calls.result(call_id)).body
    assert b"\r\nContent-Length: 5\r\n" in seen
    assert b"chunked" not in seen
    assert seen.endswith(b"\r\n\r\nabcde")


async def test_the_answer_is_kept_as_the_function_gave_it(gateway: Gateway) -> None:
    await gateway.function(
        answering(
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
    answer = await gateway.queue.calls.result(call_id)
    assert answer.body == b"<b>"
    assert answer.headers == (
        ("Content-Type", "text/html"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    )


async def test_an_answer_that_ends_with_the_connection_is_whole(gateway: Gateway) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.say(b"HTTP/1.1 200 OK\r\n\r\nto the end")

    await gateway.function(script, name="f")
    call_id = await send(gateway, "f")
    assert (await gateway.queue.over(call_id)).state == "succeeded"
    assert (await gateway.queue.calls.result(call_id)).body == b"to the end"


async def test_an_answer_beyond_the_limit_is_cut_and_says_so(gateway: Gateway) -> None:
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
    await gateway.function(answering(large), name="f")
    call_id = await send(gateway, "f")
    assert (await gateway.queue.over(call_id)).truncated
    answer = await gateway.queue.calls.result(call_id)
    assert (answer.body, answer.truncated) == (b"x" * 1000, True)


async def test_a_sleeping_function_is_woken_once_and_all_calls_arrive(gateway: Gateway) -> None:
    gateway.route("f")
    calls = [await send(gateway, "f") for _ in range(30)]
    await asyncio.wait_for(gateway.scaler.woken.wait(), 20)
    function = await gateway.function(answering(OK), name="f")
    assert {(await gateway.queue.over(call_id)).state for call_id in calls} == {"succeeded"}
    assert len(gateway.scaler.asked) == 1
    assert function.connections


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_passing_refusal_is_tried_again_with_the_same_id(
    gateway: Gateway, status: int
) -> None:
    seen: list[bytes] = []

    async def script(conversation: Conversation) -> None:
        while head := await conversation.head():
            seen.append(head)
            refused = b"HTTP/1.1 %d Later\r\nContent-Length: 0\r\n\r\n" % status
            await conversation.say(refused if len(seen) < 3 else OK)

    await gateway.function(script, name="f")
    call_id = await send(gateway, "f")
    over = await gateway.queue.over(call_id)
    assert (over.state, over.attempts) == ("succeeded", 3)
    assert all(f"X-Call-Id: {call_id}\r\n".encode() in head for head in seen)


async def test_other_answers_are_final(gateway: Gateway) -> None:
    function = await gateway.function(
        answering(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"), name="f"
    )
    over = await gateway.queue.over(await send(gateway, "f"))
    assert (over.state, over.status, over.attempts) == ("failed", 500, 1)
    assert len(function.connections) == 1


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
async def test_a_function_that_dies_is_tried_again_until_it_is_given_up(
    gateway: Gateway, says: bytes
) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.say(says)

    await gateway.function(script, name="f")
    call_id = await send(gateway, "f")
    over = await gateway.queue.over(call_id)
    assert (over.state, over.status, over.attempts) == ("failed", None, QUICK.attempts)
    assert over.failure is not None
    assert over.failure.code == "bad-function-answer"
    with pytest.raises(NoResult, match=re.escape(over.failure.message)):
        await gateway.queue.calls.result(call_id)


async def test_a_stopped_function_keeps_its_calls_until_it_is_started(gateway: Gateway) -> None:
    stopped = gateway.route("f", state="suspended")
    call_id = await send(gateway, "f")
    with pytest.raises(CallNotOver):
        await gateway.queue.calls.result(call_id)
    assert (await gateway.queue.calls.get(call_id, within=0.2)).attempts == 0
    await gateway.function(answering(OK), name="f", revision=stopped.revision)
    assert (await gateway.queue.over(call_id)).state == "succeeded"


async def test_calls_of_a_function_that_was_deleted_fail(make_gateway: MakeGateway) -> None:
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


async def test_no_more_is_sent_than_the_replicas_take(gateway: Gateway) -> None:
    at_once = most = 0

    async def script(conversation: Conversation) -> None:
        nonlocal at_once, most
        while await conversation.head():
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.005)
            at_once -= 1
            await conversation.say(OK)

    await gateway.function(script, name="f", concurrency=2, timeout=0.1)
    calls = [await send(gateway, "f") for _ in range(40)]
    found = [await gateway.queue.over(call_id) for call_id in calls]
    assert {(call.state, call.attempts) for call in found} == {("succeeded", 1)}
    assert most == 2


async def test_two_gateways_share_the_queue_and_send_each_call_once(
    make_gateway: MakeGateway,
) -> None:
    store, seen = MemoryCallStore(), []

    async def script(conversation: Conversation) -> None:
        while head := await conversation.head():
            seen.append(re.search(rb"X-Call-Id: (\S+)", head)[1].decode())  # type: ignore[index]
            await conversation.say(OK)

    gateways = [await make_gateway(calls=QUICK, store=store) for _ in range(2)]
    function = await gateways[0].function(script, name="f")
    gateways[1].route("f", function.address)
    calls = [await send(gateways[n % 2], "f") for n in range(30)]
    for call_id in calls:
        await gateways[0].queue.over(call_id)
    assert sorted(seen) == sorted(calls)


async def test_a_gateway_that_stops_gives_its_calls_back(make_gateway: MakeGateway) -> None:
    store, reached = MemoryCallStore(), asyncio.Event()

    async def hang(conversation: Conversation) -> None:
        await conversation.head()
        reached.set()
        await conversation.until_closed()

    first = await make_gateway(calls=replace(QUICK, lease=60), store=store)
    hanging = await first.function(hang, name="f")
    call_id = await send(first, "f")
    await asyncio.wait_for(reached.wait(), 20)
    await first.queue.dispatcher.close(0.0)
    await asyncio.wait_for(hanging.connections[0].closed.wait(), 20)
    given = await store.get(call_id)
    assert (given.state, given.attempts) == ("queued", 0)
    second = await make_gateway(calls=QUICK, store=store)
    await second.function(answering(OK), name="f")
    second.queue.calls.wake.set()
    assert (await second.queue.over(call_id)).state == "succeeded"


async def test_a_gateway_that_stops_finishes_what_is_under_way(gateway: Gateway) -> None:
    go, reached = asyncio.Event(), asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        reached.set()
        await go.wait()
        await conversation.say(OK)

    await gateway.function(script, name="f")
    call_id = await send(gateway, "f")
    await asyncio.wait_for(reached.wait(), 20)
    waiting = asyncio.ensure_future(gateway.queue.calls.get(call_id, within=60.0))
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(gateway.queue.dispatcher.close(20.0))
    # who waits for the call is not held until it is over
    assert (await waiting).state == "running"
    go.set()
    await closing
    assert (await gateway.queue.store.get(call_id)).state == "succeeded"


class AwayStore(MemoryCallStore):
    """A database that is away when an end is to be written down."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = 0

    async def finish(self, *arguments: Any, **named: Any) -> bool:
        if not self.refused:
            self.refused += 1
            raise Unavailable("the database is away")
        return await super().finish(*arguments, **named)


async def test_an_answer_is_written_down_when_the_database_is_back(
    make_gateway: MakeGateway,
) -> None:
    store = AwayStore()
    gateway = await make_gateway(calls=replace(QUICK, lease=60), store=store)
    function = await gateway.function(answering(OK), name="f")
    over = await gateway.queue.over(await send(gateway, "f"))
    assert (over.state, over.attempts, store.refused) == ("succeeded", 1, 1)
    assert len(function.connections) == 1


async def test_what_is_over_is_forgotten_when_its_time_is(make_gateway: MakeGateway) -> None:
    store = MemoryCallStore()
    for days, call_id in ((3, "old"), (1, "new")):
        ended = datetime.now(UTC) - timedelta(days=days)
        call = Call(call_id, FunctionRef("f"), "GET", "/", ended, ended)
        await store.add(call, CallRequest("GET", "/"), QueueBound(9, 1000))
        await store.finish(call_id, "succeeded", now=ended, response=CallResponse(200))
    gateway = await make_gateway(calls=replace(QUICK, retention=2 * 86_400), store=store)
    await gateway.function(answering(OK), name="f")
    await gateway.queue.over(await send(gateway, "f"))
    assert "new" in (kept := {call.id for call in await store.list(CallQuery())})
    assert "old" not in kept


async def test_a_call_under_way_is_held_for_longer_than_a_lease(gateway: Gateway) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await asyncio.sleep(4 * QUICK.lease)
        await conversation.say(OK)

    function = await gateway.function(script, name="f")
    over = await gateway.queue.over(await send(gateway, "f"))
    assert (over.state, over.attempts) == ("succeeded", 1)
    assert len(function.connections) == 1


def echo_body(size: int):  # type: ignore[no-untyped-def]
    """A function that answers with the head and the body it was sent."""

    async def script(conversation: Conversation) -> None:
        while head := await conversation.head():
            told = head + await conversation.body(size)
            await conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(told))
            await conversation.say(told)

    return script
