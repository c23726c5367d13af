"""A function that hangs, stalls, dies or speaks garbage; a caller that leaves."""

import asyncio
import json
import time

import pytest
from plat_gateway.proxy.limits import HttpLimits

from tests.gateway.proxy.conftest import (
    OK,
    PATIENCE,
    Conversation,
    Gateway,
    MakeGateway,
    answering,
)

GET = b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /function/f1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"


async def hang(conversation: Conversation) -> None:
    await conversation.head()
    await conversation.until_closed()


async def test_a_function_that_hangs_is_a_504_with_the_id_of_the_call(gateway: Gateway) -> None:
    function = await gateway.function(hang, timeout=0.2)
    answer = await gateway.get("/function/f1", "X-Call-Id: mine")
    assert answer.startswith(b"HTTP/1.1 504 ")
    problem = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (problem["code"], problem["callId"]) == ("timeout", "mine")
    await asyncio.wait_for(function.connections[0].closed.wait(), PATIENCE)
    assert gateway.in_flight("f1") == 0


async def test_an_answer_that_comes_with_the_timeout_comes_too_late(gateway: Gateway) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        time.sleep(0.3)  # noqa: ASYNC251 - the gateway, on the same loop, sees it before its timer
        await conversation.say(b"HTTP/1.1 504 Late\r\nContent-Length: 0\r\n\r\n")

    await gateway.function(script, timeout=0.2)
    answer = await gateway.get("/function/f1")
    assert answer.startswith(b"HTTP/1.1 504 ")
    assert b"\r\nX-Plat-Answer: timeout\r\n" in answer


@pytest.mark.parametrize(
    "begun",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n",
    ],
)
@pytest.mark.parametrize("stalls", [True, False])
async def test_an_answer_that_breaks_off_has_no_clean_end(
    gateway: Gateway, begun: bytes, stalls: bool
) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.say(begun)
        if stalls:
            await conversation.until_closed()
        else:
            conversation.die()

    await gateway.function(script, timeout=0.3)
    caller = await gateway.connect()
    await caller.say(GET)
    received = bytearray()
    try:
        while piece := await asyncio.wait_for(caller.reader.read(1000), PATIENCE):
            received += piece
    except ConnectionError:
        received += b""
    assert not received.endswith(b"hello")
    assert not received.endswith(b"0\r\n\r\n")
    await gateway.until_idle("f1")


async def test_a_broken_answer_to_an_old_caller_ends_with_a_reset(gateway: Gateway) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n")
        await conversation.until_closed()

    await gateway.function(script, timeout=0.3)
    with pytest.raises(ConnectionError):
        await gateway.exchange(b"GET /function/f1 HTTP/1.0\r\n\r\n")


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nBroken\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000,
        b"",
    ],
)
async def test_garbage_is_a_502(gateway: Gateway, garbage: bytes) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.say(garbage)

    await gateway.function(script)
    answer = await gateway.get("/function/f1")
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert b"\r\nX-Plat-Answer: bad-function-answer\r\n" in answer
    assert gateway.in_flight("f1") == 0


async def test_bytes_after_an_answer_never_reach_the_next_caller(gateway: Gateway) -> None:
    function = await gateway.function(answering(OK + OK))
    for _ in range(3):
        answer = await gateway.get("/function/f1")
        assert answer.count(b"HTTP/1.1 ") == 1
    assert len(function.connections) == 3


def serving(times: int) -> tuple[list[bytes], object]:
    """A function whose connections die when the request after the first `times` came."""
    heads: list[bytes] = []

    async def script(conversation: Conversation) -> None:
        for _ in range(times):
            heads.append(await conversation.head())
            await conversation.say(OK)
        heads.append(await conversation.head())
        conversation.die()

    return heads, script


async def test_a_get_on_a_dead_connection_is_sent_again(gateway: Gateway) -> None:
    heads, script = serving(1)
    function = await gateway.function(script)  # type: ignore[arg-type]
    caller = await gateway.connect()
    for _ in range(2):
        await caller.say(GET)
        assert (await caller.head()).startswith(b"HTTP/1.1 200 OK\r\n")
        await caller.body(2)
    assert len(function.connections) == 2
    assert len(heads) == 3


async def test_a_post_is_never_sent_twice(gateway: Gateway) -> None:
    heads, script = serving(1)
    function = await gateway.function(script)  # type: ignore[arg-type]
    caller = await gateway.connect()
    await caller.say(GET)
    await caller.head()
    await caller.body(2)
    await caller.say(POST)
    assert (await caller.head()).startswith(b"HTTP/1.1 502 ")
    assert len(function.connections) == 1
    assert [head[:4] for head in heads] == [b"GET ", b"POST"]


async def test_a_fresh_connection_that_dies_is_not_tried_again(gateway: Gateway) -> None:
    heads, script = serving(0)
    await gateway.function(script)  # type: ignore[arg-type]
    assert (await gateway.get("/function/f1")).startswith(b"HTTP/1.1 502 ")
    assert len(heads) == 1


async def test_a_replica_that_is_gone_is_passed_over(gateway: Gateway) -> None:
    function = await gateway.function(answering(OK, body=2))
    gateway.route("f1", "unix:/nowhere.sock", "tcp:127.0.0.1:1", function.address)
    for _ in range(4):
        caller = await gateway.connect()
        await caller.say(POST)
        assert (await caller.head()).startswith(b"HTTP/1.1 200 OK\r\n")
    assert gateway.in_flight("f1") == 0


async def test_a_function_whose_replicas_are_all_gone_is_unavailable(gateway: Gateway) -> None:
    gateway.route("f1", "unix:/nowhere.sock", "tcp:127.0.0.1:1")
    answer = await gateway.get("/function/f1")
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 1\r\n" in answer
    assert gateway.in_flight("f1") == 0


async def test_a_replica_over_tcp(gateway: Gateway) -> None:
    function = await gateway.function(answering(OK))
    listener = await asyncio.start_server(function.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    gateway.route("tcp", f"tcp:127.0.0.1:{port}")
    assert (await gateway.get("/function/tcp")).endswith(b"ok")
    listener.close()


async def test_connections_to_replicas_are_used_again(gateway: Gateway) -> None:
    function = await gateway.function(answering(OK))
    for _ in range(5):
        await gateway.get("/function/f1")
    assert len(function.connections) == 1


async def test_a_caller_that_leaves_frees_the_slot(gateway: Gateway) -> None:
    function = await gateway.function(hang)
    caller = await gateway.connect()
    await caller.say(GET)
    await asyncio.wait_for(function.reached.wait(), PATIENCE)
    caller.die()
    await asyncio.wait_for(function.connections[0].closed.wait(), PATIENCE)
    await gateway.until_idle("f1")
    assert [record.status for record in gateway.records] == [499]


async def test_a_caller_that_leaves_in_the_middle_of_a_stream(gateway: Gateway) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.say(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
        )
        await conversation.until_closed()

    function = await gateway.function(script)
    caller = await gateway.connect()
    await caller.say(GET)
    await caller.reader.readuntil(b"\n\n")
    caller.die()
    await asyncio.wait_for(function.connections[0].closed.wait(), PATIENCE)
    await gateway.until_idle("f1")


async def test_a_body_that_breaks_later_never_ends_well_for_the_function(gateway: Gateway) -> None:
    function = await gateway.function(hang)
    caller = await gateway.connect()
    await caller.say(
        b"POST /function/f1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"
    )
    await asyncio.wait_for(function.reached.wait(), PATIENCE)
    await caller.say(b"oops\r\n")
    assert (await caller.head()).startswith(b"HTTP/1.1 400 ")
    await asyncio.wait_for(function.connections[0].closed.wait(), PATIENCE)


async def test_a_body_that_stops_coming_is_a_408(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(limits=HttpLimits(body_idle=0.2))
    await gateway.function(hang)
    caller = await gateway.connect()
    await caller.say(POST[:-1])
    head = await asyncio.wait_for(caller.head(), PATIENCE)
    assert head.startswith(b"HTTP/1.1 408 ")


async def test_an_event_stream_outlives_the_timeout_but_not_the_idle_limit(
    make_gateway: MakeGateway,
) -> None:
    gateway = await make_gateway(limits=HttpLimits(stream_idle=1.5))

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.say(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
        )
        await asyncio.sleep(0.6)
        await conversation.say(b"data: 2\n\n")
        await conversation.until_closed()

    await gateway.function(script, timeout=0.2)
    caller = await gateway.connect()
    await caller.say(GET)
    await caller.reader.readuntil(b"data: 2\n\n")
    rest = await asyncio.wait_for(caller.reader.read(-1), PATIENCE)
    assert not rest.endswith(b"0\r\n\r\n")


async def test_calls_are_counted_and_recorded(gateway: Gateway) -> None:
    await gateway.function(answering(OK), access="token")
    await gateway.get("/function/f1/a?b", "Authorization: Bearer secret", "X-Call-Id: mine")
    await gateway.get("/function/f1")
    [sample] = gateway.router.samples()
    assert sample.counters.classes == [0, 0, 1, 0, 1, 0]
    assert sum(sample.counters.buckets) == 2
    [record] = gateway.records
    assert (record.call_id, record.method, record.status) == ("mine", "GET", 200)
    assert (record.target, record.address) == ("/function/f1/a?b", "127.0.0.1")
