"""Functions that hang, stall, crash or send invalid responses; clients that disconnect."""

import asyncio
import json
import time

import pytest
from plat_gateway.proxy.limits import HttpLimits

from tests.gateway.proxy.conftest import (
    OK,
    PATIENCE,
    Gateway,
    MakeGateway,
    RawConnection,
    respond_with,
)

GET = b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /function/f1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"


async def hang(connection: RawConnection) -> None:
    await connection.head()
    await connection.until_closed()


async def test_a_hanging_function_is_a_504_with_the_call_id(gateway: Gateway) -> None:
    function = await gateway.function(hang, timeout=0.2)
    response = await gateway.get("/function/f1", "X-Call-Id: mine")
    assert response.startswith(b"HTTP/1.1 504 ")
    problem = json.loads(response.partition(b"\r\n\r\n")[2])
    assert (problem["code"], problem["callId"]) == ("timeout", "mine")
    await asyncio.wait_for(function.connections[0].closed.wait(), PATIENCE)
    assert gateway.in_flight("f1") == 0


async def test_a_response_that_arrives_with_the_timeout_is_too_late(gateway: Gateway) -> None:
    async def script(connection: RawConnection) -> None:
        await connection.head()
        time.sleep(0.3)  # noqa: ASYNC251 - blocks the loop, so the response precedes the timer
        await connection.send(b"HTTP/1.1 504 Late\r\nContent-Length: 0\r\n\r\n")

    await gateway.function(script, timeout=0.2)
    response = await gateway.get("/function/f1")
    assert response.startswith(b"HTTP/1.1 504 ")
    assert b"\r\nX-Plat-Answer: timeout\r\n" in response


@pytest.mark.parametrize(
    "begun",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n",
    ],
)
@pytest.mark.parametrize("stalls", [True, False])
async def test_a_broken_response_has_no_clean_end(
    gateway: Gateway, begun: bytes, stalls: bool
) -> None:
    async def script(connection: RawConnection) -> None:
        await connection.head()
        await connection.send(begun)
        if stalls:
            await connection.until_closed()
        else:
            connection.abort()

    await gateway.function(script, timeout=0.3)
    client = await gateway.connect()
    await client.send(GET)
    received = bytearray()
    try:
        while piece := await asyncio.wait_for(client.reader.read(1000), PATIENCE):
            received += piece
    except ConnectionError:
        received += b""
    assert not received.endswith(b"hello")
    assert not received.endswith(b"0\r\n\r\n")
    await gateway.until_idle("f1")


async def test_a_broken_response_to_an_http_1_0_client_ends_with_a_reset(gateway: Gateway) -> None:
    async def script(connection: RawConnection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n")
        await connection.until_closed()

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
async def test_an_invalid_response_is_a_502(gateway: Gateway, garbage: bytes) -> None:
    async def script(connection: RawConnection) -> None:
        await connection.head()
        await connection.send(garbage)

    await gateway.function(script)
    response = await gateway.get("/function/f1")
    assert response.startswith(b"HTTP/1.1 502 ")
    assert b"\r\nX-Plat-Answer: bad-function-answer\r\n" in response
    assert gateway.in_flight("f1") == 0


async def test_bytes_after_a_response_never_reach_the_next_client(gateway: Gateway) -> None:
    function = await gateway.function(respond_with(OK + OK))
    for _ in range(3):
        response = await gateway.get("/function/f1")
        assert response.count(b"HTTP/1.1 ") == 1
    assert len(function.connections) == 3


def serving(times: int) -> tuple[list[bytes], object]:
    """A function that closes a connection on the request after the first `times`."""
    heads: list[bytes] = []

    async def script(connection: RawConnection) -> None:
        for _ in range(times):
            heads.append(await connection.head())
            await connection.send(OK)
        heads.append(await connection.head())
        connection.abort()

    return heads, script


async def test_retries_a_get_on_a_closed_connection(gateway: Gateway) -> None:
    heads, script = serving(1)
    function = await gateway.function(script)  # type: ignore[arg-type]
    client = await gateway.connect()
    for _ in range(2):
        await client.send(GET)
        assert (await client.head()).startswith(b"HTTP/1.1 200 OK\r\n")
        await client.body(2)
    assert len(function.connections) == 2
    assert len(heads) == 3


async def test_never_sends_a_post_twice(gateway: Gateway) -> None:
    heads, script = serving(1)
    function = await gateway.function(script)  # type: ignore[arg-type]
    client = await gateway.connect()
    await client.send(GET)
    await client.head()
    await client.body(2)
    await client.send(POST)
    assert (await client.head()).startswith(b"HTTP/1.1 502 ")
    assert len(function.connections) == 1
    assert [head[:4] for head in heads] == [b"GET ", b"POST"]


async def test_does_not_retry_on_a_new_connection(gateway: Gateway) -> None:
    heads, script = serving(0)
    await gateway.function(script)  # type: ignore[arg-type]
    assert (await gateway.get("/function/f1")).startswith(b"HTTP/1.1 502 ")
    assert len(heads) == 1


async def test_skips_a_removed_replica(gateway: Gateway) -> None:
    function = await gateway.function(respond_with(OK, body=2))
    gateway.route("f1", "unix:/nowhere.sock", "tcp:127.0.0.1:1", function.address)
    for _ in range(4):
        client = await gateway.connect()
        await client.send(POST)
        assert (await client.head()).startswith(b"HTTP/1.1 200 OK\r\n")
    assert gateway.in_flight("f1") == 0


async def test_a_function_without_reachable_replicas_is_unavailable(gateway: Gateway) -> None:
    gateway.route("f1", "unix:/nowhere.sock", "tcp:127.0.0.1:1")
    response = await gateway.get("/function/f1")
    assert response.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 1\r\n" in response
    assert gateway.in_flight("f1") == 0


async def test_connects_to_a_replica_over_tcp(gateway: Gateway) -> None:
    function = await gateway.function(respond_with(OK))
    listener = await asyncio.start_server(function.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    gateway.route("tcp", f"tcp:127.0.0.1:{port}")
    assert (await gateway.get("/function/tcp")).endswith(b"ok")
    listener.close()


async def test_reuses_connections_to_replicas(gateway: Gateway) -> None:
    function = await gateway.function(respond_with(OK))
    for _ in range(5):
        await gateway.get("/function/f1")
    assert len(function.connections) == 1


async def test_a_disconnect_frees_the_slot(gateway: Gateway) -> None:
    function = await gateway.function(hang)
    client = await gateway.connect()
    await client.send(GET)
    await asyncio.wait_for(function.reached.wait(), PATIENCE)
    client.abort()
    await asyncio.wait_for(function.connections[0].closed.wait(), PATIENCE)
    await gateway.until_idle("f1")
    assert [record.status for record in gateway.records] == [499]


async def test_a_disconnect_cancels_a_stream(gateway: Gateway) -> None:
    async def script(connection: RawConnection) -> None:
        await connection.head()
        await connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
        )
        await connection.until_closed()

    function = await gateway.function(script)
    client = await gateway.connect()
    await client.send(GET)
    await client.reader.readuntil(b"\n\n")
    client.abort()
    await asyncio.wait_for(function.connections[0].closed.wait(), PATIENCE)
    await gateway.until_idle("f1")


async def test_a_malformed_body_has_no_clean_end_for_the_function(gateway: Gateway) -> None:
    function = await gateway.function(hang)
    client = await gateway.connect()
    await client.send(
        b"POST /function/f1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"
    )
    await asyncio.wait_for(function.reached.wait(), PATIENCE)
    await client.send(b"oops\r\n")
    assert (await client.head()).startswith(b"HTTP/1.1 400 ")
    await asyncio.wait_for(function.connections[0].closed.wait(), PATIENCE)


async def test_a_stalled_body_is_a_408(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(limits=HttpLimits(body_idle=0.2))
    await gateway.function(hang)
    client = await gateway.connect()
    await client.send(POST[:-1])
    head = await asyncio.wait_for(client.head(), PATIENCE)
    assert head.startswith(b"HTTP/1.1 408 ")


async def test_an_event_stream_outlives_the_timeout_but_not_the_idle_limit(
    make_gateway: MakeGateway,
) -> None:
    gateway = await make_gateway(limits=HttpLimits(stream_idle=1.5))

    async def script(connection: RawConnection) -> None:
        await connection.head()
        await connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
        )
        await asyncio.sleep(0.6)
        await connection.send(b"data: 2\n\n")
        await connection.until_closed()

    await gateway.function(script, timeout=0.2)
    client = await gateway.connect()
    await client.send(GET)
    await client.reader.readuntil(b"data: 2\n\n")
    rest = await asyncio.wait_for(client.reader.read(-1), PATIENCE)
    assert not rest.endswith(b"0\r\n\r\n")


async def test_calls_are_counted_and_recorded(gateway: Gateway) -> None:
    await gateway.function(respond_with(OK), access="token")
    await gateway.get("/function/f1/a?b", "Authorization: Bearer secret", "X-Call-Id: mine")
    await gateway.get("/function/f1")
    [sample] = gateway.router.samples()
    assert sample.counters.classes == [0, 0, 1, 0, 1, 0]
    assert sum(sample.counters.buckets) == 2
    [record] = gateway.records
    assert (record.call_id, record.method, record.status) == ("mine", "GET", 200)
    assert (record.target, record.address) == ("/function/f1/a?b", "127.0.0.1")
