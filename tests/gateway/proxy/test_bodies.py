"""Bodies are streamed in both directions, in the right framing, without buffering."""

import asyncio
import re
import zlib

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

CHUNKED = "Transfer-Encoding: chunked"
MIB = 1024 * 1024


def parts(response: bytes) -> tuple[bytes, bytes]:
    head, _, body = response.partition(b"\r\n\r\n")
    return head + b"\r\n", body


@pytest.mark.parametrize(
    ("response", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 599 Odd\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 99\r\n\r\n', b""),
    ],
)
async def test_a_response_passes_byte_for_byte(
    gateway: Gateway, response: bytes, body: bytes
) -> None:
    await gateway.function(respond_with(response))
    got = await gateway.get("/function/f1")
    head, content = parts(got)
    lines = parts(response)[0].split(b"\r\n")[:-1]
    assert head.startswith(b"\r\n".join(lines) + b"\r\n")
    assert content == body


async def test_a_gzip_body_passes_unchanged(gateway: Gateway) -> None:
    packed = zlib.compress(b"hello" * 100, wbits=31)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    await gateway.function(respond_with(head + packed))
    got, body = parts(await gateway.get("/function/f1"))
    assert b"\r\nContent-Encoding: gzip\r\n" in got
    assert body == packed


@pytest.mark.parametrize(
    "response", [b"Content-Length: 5\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"]
)
async def test_head_has_the_headers_and_no_body(gateway: Gateway, response: bytes) -> None:
    function = await gateway.function(respond_with(b"HTTP/1.1 200 OK\r\n" + response))
    client = await gateway.connect()
    for _ in range(3):
        await client.send(b"HEAD /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.head()).startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(function.connections) == 1


async def test_interim_responses_pass(gateway: Gateway) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    await gateway.function(respond_with(hints + hints + OK))
    response = await gateway.get("/function/f1")
    assert response.startswith(hints + hints + b"HTTP/1.1 200 OK\r\n")
    old = await gateway.exchange(b"GET /function/f1 HTTP/1.0\r\n\r\n")
    assert old.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_chunked_response_passes_with_its_trailers(gateway: Gateway) -> None:
    await gateway.function(
        respond_with(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
            b'5;ext="a"\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n'
        )
    )
    head, body = parts(await gateway.get("/function/f1"))
    assert b"\r\nTransfer-Encoding: chunked\r\n" in head
    assert body == b"b\r\nhello world\r\n0\r\nX-Sum: 1\r\n\r\n"


async def test_an_http_1_0_client_receives_no_chunks(gateway: Gateway) -> None:
    await gateway.function(
        respond_with(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        )
    )
    head, body = parts(await gateway.exchange(b"GET /function/f1 HTTP/1.0\r\n\r\n"))
    assert b"Transfer-Encoding" not in head
    assert body == b"hello"


async def test_a_response_that_ends_with_the_connection_is_sent_in_chunks(gateway: Gateway) -> None:
    async def script(connection: RawConnection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.0 200 OK\r\n\r\nhello")

    await gateway.function(script)
    head, body = parts(await gateway.get("/function/f1"))
    assert b"\r\nTransfer-Encoding: chunked\r\n" in head
    assert body.endswith(b"\r\n0\r\n\r\n")
    assert b"hello" in body


async def test_a_chunked_request_is_encoded_again_with_its_trailers(gateway: Gateway) -> None:
    received = bytearray()

    async def script(connection: RawConnection) -> None:
        received.extend(await connection.head())
        received.extend(await connection.reader.readuntil(b"\r\n\r\n"))
        await connection.send(OK)

    await gateway.function(script)
    response = await gateway.exchange(
        b"POST /function/f1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
        b"3;a=b\r\nabc\r\n0002\r\nde\r\n0\r\nX-Sum: 1\r\nAuthorization: x\r\n\r\n"
    )
    assert response.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.lower().count(b"transfer-encoding: chunked\r\n") == 1
    assert received.endswith(b"\r\n\r\n5\r\nabcde\r\n0\r\nX-Sum: 1\r\n\r\n")


async def test_both_directions_stream_concurrently(gateway: Gateway) -> None:
    async def echo(connection: RawConnection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while (line := await connection.reader.readline()) != b"0\r\n":
            await connection.send(line + await connection.reader.readline())
        await connection.send(b"0\r\n\r\n")

    await gateway.function(echo)
    client = await gateway.connect()
    await client.send(f"POST /function/f1 HTTP/1.1\r\nHost: x\r\n{CHUNKED}\r\n\r\n".encode())
    assert b"\r\nTransfer-Encoding: chunked\r\n" in await client.head()
    for piece in (b"one", b"two", b"three"):
        chunk = b"%x\r\n%b\r\n" % (len(piece), piece)
        await client.send(chunk)
        assert await asyncio.wait_for(client.body(len(chunk)), PATIENCE) == chunk
    await client.send(b"0\r\n\r\n")
    assert await client.body(5) == b"0\r\n\r\n"


async def test_events_arrive_as_they_happen(gateway: Gateway) -> None:
    more = asyncio.Event()

    async def script(connection: RawConnection) -> None:
        await connection.head()
        await connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"
        )
        await more.wait()
        await connection.send(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

    await gateway.function(script)
    client = await gateway.connect()
    await client.send(b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n")
    await client.head()
    assert await asyncio.wait_for(client.reader.readuntil(b"\n\n\r\n"), PATIENCE) == (
        b"9\r\ndata: 1\n\n\r\n"
    )
    more.set()
    assert b"data: 2" in await client.reader.readuntil(b"0\r\n\r\n")


async def test_the_functions_100_continue_passes(gateway: Gateway) -> None:
    async def script(connection: RawConnection) -> None:
        assert b"Expect: 100-continue\r\n" in await connection.head()
        await connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await connection.body(5) == b"hello"
        await connection.send(OK)

    await gateway.function(script)
    client = await gateway.connect()
    await client.send(
        b"PUT /function/f1 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    )
    assert (await client.head()).startswith(b"HTTP/1.1 100 Continue\r\n")
    await client.send(b"hello")
    assert (await client.head()).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_an_early_response_is_not_lost(gateway: Gateway) -> None:
    async def script(connection: RawConnection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
        await connection.until_closed()

    await gateway.function(script)
    client = await gateway.connect()
    await client.send(b"PUT /function/f1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
    await client.send(bytes(500_000))
    response = await asyncio.wait_for(client.reader.read(-1), PATIENCE)
    assert response.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nConnection: close\r\n" in response
    assert response.endswith(b"\r\n\r\nno")


async def test_rejects_a_body_over_the_limit(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(limits=HttpLimits(function_body_bytes=10))
    function = await gateway.function(respond_with(OK, body=10))
    url = b"POST /function/f1 HTTP/1.1\r\nHost: x\r\n"
    for body in (
        b"Content-Length: 11\r\n\r\n12345678901",
        b"Transfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n",
    ):
        response = await gateway.exchange(url + body)
        assert response.startswith(b"HTTP/1.1 413 ")
    assert function.connections == []
    client = await gateway.connect()
    await client.send(url + b"Content-Length: 10\r\n\r\n1234567890")
    assert (await client.head()).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_slow_client_pauses_the_response(gateway: Gateway) -> None:
    size, written = 64 * MIB, 0

    async def script(connection: RawConnection) -> None:
        nonlocal written
        await connection.head()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while written < size:
            await connection.send(bytes(MIB))
            written += MIB

    await gateway.function(script)
    client = await gateway.connect()
    await client.send(b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await client.head()
    assert re.search(rb"Content-Length: %d\r\n" % size, head)
    before = -1
    while before != written:
        before = written
        await asyncio.sleep(0.2)
    # buffers of the kernel and both transports, and twice the reader's 4 MiB
    assert written < 48 * MIB
    got = 0
    while got < size:
        got += len(await client.reader.read(MIB))
    assert got == size


async def test_a_slow_function_pauses_the_request(gateway: Gateway) -> None:
    go_on, size = asyncio.Event(), 64 * MIB

    async def script(connection: RawConnection) -> None:
        await connection.head()
        await go_on.wait()
        left = size
        while left:
            left -= len(await connection.reader.read(MIB))
        await connection.send(OK)

    await gateway.function(script)
    client = await gateway.connect()
    await client.send(b"PUT /function/f1 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    sent = 0

    async def upload() -> None:
        nonlocal sent
        while sent < size:
            await client.send(bytes(MIB))
            sent += MIB

    task = asyncio.create_task(upload())
    before = -1
    while before != sent:
        before = sent
        await asyncio.sleep(0.2)
    assert sent < 48 * MIB
    go_on.set()
    await task
    assert (await client.head()).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_limits_the_pipelined_requests_in_memory(gateway: Gateway) -> None:
    async def script(connection: RawConnection) -> None:
        await connection.until_closed()

    await gateway.function(script)
    client = await gateway.connect()
    request, sent = b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n", 0

    async def flood() -> None:
        nonlocal sent
        while sent < 64 * MIB:
            await client.send(request * 20_000)
            sent += len(request) * 20_000

    task = asyncio.create_task(flood())
    before = -1
    while before != sent:
        before = sent
        await asyncio.sleep(0.2)
    assert sent < 48 * MIB
    task.cancel()
