"""Bodies pass as streams in both directions, in the right framing, with nothing held back."""

import asyncio
import re
import zlib

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

CHUNKED = "Transfer-Encoding: chunked"
MIB = 1024 * 1024


def parts(answer: bytes) -> tuple[bytes, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head + b"\r\n", body


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 599 Odd\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 99\r\n\r\n', b""),
    ],
)
async def test_an_answer_passes_byte_for_byte(gateway: Gateway, answer: bytes, body: bytes) -> None:
    await gateway.function(answering(answer))
    got = await gateway.get("/function/f1")
    head, content = parts(got)
    lines = parts(answer)[0].split(b"\r\n")[:-1]
    assert head.startswith(b"\r\n".join(lines) + b"\r\n")
    assert content == body


async def test_a_gzip_body_stays_as_it_is(gateway: Gateway) -> None:
    packed = zlib.compress(b"hello" * 100, wbits=31)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    await gateway.function(answering(head + packed))
    got, body = parts(await gateway.get("/function/f1"))
    assert b"\r\nContent-Encoding: gzip\r\n" in got
    assert body == packed


@pytest.mark.parametrize(
    "answer", [b"Content-Length: 5\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"]
)
async def test_head_has_the_headers_and_no_body(gateway: Gateway, answer: bytes) -> None:
    function = await gateway.function(answering(b"HTTP/1.1 200 OK\r\n" + answer))
    caller = await gateway.connect()
    for _ in range(3):
        await caller.say(b"HEAD /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await caller.head()).startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(function.connections) == 1


async def test_interim_answers_pass(gateway: Gateway) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    await gateway.function(answering(hints + hints + OK))
    answer = await gateway.get("/function/f1")
    assert answer.startswith(hints + hints + b"HTTP/1.1 200 OK\r\n")
    old = await gateway.exchange(b"GET /function/f1 HTTP/1.0\r\n\r\n")
    assert old.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_chunked_answer_stays_one_with_its_trailers(gateway: Gateway) -> None:
    await gateway.function(
        answering(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
            b'5;ext="a"\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n'
        )
    )
    head, body = parts(await gateway.get("/function/f1"))
    assert b"\r\nTransfer-Encoding: chunked\r\n" in head
    assert body == b"b\r\nhello world\r\n0\r\nX-Sum: 1\r\n\r\n"


async def test_an_old_caller_gets_no_chunks(gateway: Gateway) -> None:
    await gateway.function(
        answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    )
    head, body = parts(await gateway.exchange(b"GET /function/f1 HTTP/1.0\r\n\r\n"))
    assert b"Transfer-Encoding" not in head
    assert body == b"hello"


async def test_an_answer_that_ends_with_the_connection_gets_an_end(gateway: Gateway) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.say(b"HTTP/1.0 200 OK\r\n\r\nhello")

    await gateway.function(script)
    head, body = parts(await gateway.get("/function/f1"))
    assert b"\r\nTransfer-Encoding: chunked\r\n" in head
    assert body.endswith(b"\r\n0\r\n\r\n")
    assert b"hello" in body


async def test_a_chunked_request_is_chunked_anew_with_its_trailers(gateway: Gateway) -> None:
    seen = bytearray()

    async def script(conversation: Conversation) -> None:
        seen.extend(await conversation.head())
        seen.extend(await conversation.reader.readuntil(b"\r\n\r\n"))
        await conversation.say(OK)

    await gateway.function(script)
    answer = await gateway.exchange(
        b"POST /function/f1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
        b"3;a=b\r\nabc\r\n0002\r\nde\r\n0\r\nX-Sum: 1\r\nAuthorization: x\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert seen.lower().count(b"transfer-encoding: chunked\r\n") == 1
    assert seen.endswith(b"\r\n\r\n5\r\nabcde\r\n0\r\nX-Sum: 1\r\n\r\n")


async def test_both_directions_stream_at_once(gateway: Gateway) -> None:
    async def echo(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while (line := await conversation.reader.readline()) != b"0\r\n":
            await conversation.say(line + await conversation.reader.readline())
        await conversation.say(b"0\r\n\r\n")

    await gateway.function(echo)
    caller = await gateway.connect()
    await caller.say(f"POST /function/f1 HTTP/1.1\r\nHost: x\r\n{CHUNKED}\r\n\r\n".encode())
    assert b"\r\nTransfer-Encoding: chunked\r\n" in await caller.head()
    for piece in (b"one", b"two", b"three"):
        chunk = b"%x\r\n%b\r\n" % (len(piece), piece)
        await caller.say(chunk)
        assert await asyncio.wait_for(caller.body(len(chunk)), PATIENCE) == chunk
    await caller.say(b"0\r\n\r\n")
    assert await caller.body(5) == b"0\r\n\r\n"


async def test_events_arrive_as_they_happen(gateway: Gateway) -> None:
    more = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.say(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"
        )
        await more.wait()
        await conversation.say(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

    await gateway.function(script)
    caller = await gateway.connect()
    await caller.say(b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n")
    await caller.head()
    assert await asyncio.wait_for(caller.reader.readuntil(b"\n\n\r\n"), PATIENCE) == (
        b"9\r\ndata: 1\n\n\r\n"
    )
    more.set()
    assert b"data: 2" in await caller.reader.readuntil(b"0\r\n\r\n")


async def test_the_caller_waits_for_the_functions_100_continue(gateway: Gateway) -> None:
    async def script(conversation: Conversation) -> None:
        assert b"Expect: 100-continue\r\n" in await conversation.head()
        await conversation.say(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await conversation.body(5) == b"hello"
        await conversation.say(OK)

    await gateway.function(script)
    caller = await gateway.connect()
    await caller.say(
        b"PUT /function/f1 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    )
    assert (await caller.head()).startswith(b"HTTP/1.1 100 Continue\r\n")
    await caller.say(b"hello")
    assert (await caller.head()).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_an_answer_before_the_bodys_end_is_not_lost(gateway: Gateway) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.say(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
        await conversation.until_closed()

    await gateway.function(script)
    caller = await gateway.connect()
    await caller.say(b"PUT /function/f1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
    await caller.say(bytes(500_000))
    answer = await asyncio.wait_for(caller.reader.read(-1), PATIENCE)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.endswith(b"\r\n\r\nno")


async def test_a_body_beyond_the_limit_is_refused(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(limits=HttpLimits(function_body_bytes=10))
    function = await gateway.function(answering(OK, body=10))
    url = b"POST /function/f1 HTTP/1.1\r\nHost: x\r\n"
    for body in (
        b"Content-Length: 11\r\n\r\n12345678901",
        b"Transfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n",
    ):
        answer = await gateway.exchange(url + body)
        assert answer.startswith(b"HTTP/1.1 413 ")
    assert function.connections == []
    caller = await gateway.connect()
    await caller.say(url + b"Content-Length: 10\r\n\r\n1234567890")
    assert (await caller.head()).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_what_nobody_reads_is_not_heaped_up(gateway: Gateway) -> None:
    size, written = 64 * MIB, 0

    async def script(conversation: Conversation) -> None:
        nonlocal written
        await conversation.head()
        await conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while written < size:
            await conversation.say(bytes(MIB))
            written += MIB

    await gateway.function(script)
    caller = await gateway.connect()
    await caller.say(b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await caller.head()
    assert re.search(rb"Content-Length: %d\r\n" % size, head)
    before = -1
    while before != written:
        before = written
        await asyncio.sleep(0.2)
    # the kernel's and both transports' buffers, and the reader's own 4 MiB twice over
    assert written < 48 * MIB
    got = 0
    while got < size:
        got += len(await caller.reader.read(MIB))
    assert got == size


async def test_what_the_function_does_not_read_is_not_heaped_up(gateway: Gateway) -> None:
    go_on, size = asyncio.Event(), 64 * MIB

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await go_on.wait()
        left = size
        while left:
            left -= len(await conversation.reader.read(MIB))
        await conversation.say(OK)

    await gateway.function(script)
    caller = await gateway.connect()
    await caller.say(b"PUT /function/f1 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    sent = 0

    async def upload() -> None:
        nonlocal sent
        while sent < size:
            await caller.say(bytes(MIB))
            sent += MIB

    task = asyncio.create_task(upload())
    before = -1
    while before != sent:
        before = sent
        await asyncio.sleep(0.2)
    assert sent < 48 * MIB
    go_on.set()
    await task
    assert (await caller.head()).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_later_requests_are_not_heaped_up(gateway: Gateway) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.until_closed()

    await gateway.function(script)
    caller = await gateway.connect()
    request, sent = b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n", 0

    async def flood() -> None:
        nonlocal sent
        while sent < 64 * MIB:
            await caller.say(request * 20_000)
            sent += len(request) * 20_000

    task = asyncio.create_task(flood())
    before = -1
    while before != sent:
        before = sent
        await asyncio.sleep(0.2)
    assert sent < 48 * MIB
    task.cancel()
