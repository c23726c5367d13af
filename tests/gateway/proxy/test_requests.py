"""Requests that are no HTTP/1.1, or too much of it, are refused, and no function sees them."""

import asyncio

import pytest
from plat_gateway.proxy.limits import HttpLimits

from tests.gateway.proxy.conftest import (
    OK,
    PATIENCE,
    Gateway,
    MakeGateway,
    answering,
    echo_head,
)

BROKEN = {
    "length and coding": b"POST P HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two unlike lengths": b"POST P HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
    b"Content-Length: 4\r\n\r\nabcd",
    "a list of lengths": b"POST P HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc",
    "a signed length": b"POST P HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
    "a negative length": b"POST P HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "an empty length": b"POST P HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\n",
    "a length in Arabic digits": "POST P HTTP/1.1\r\nHost: x\r\nContent-Length: ٣\r\n\r\n".encode(),
    "a chunk without a size": b"POST P HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"ZZ\r\nhello\r\n0\r\n\r\n",
    "a chunk longer than it says": b"POST P HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    b"\r\n3\r\nhello\r\n0\r\n\r\n",
    "a signed chunk size": b"POST P HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"+3\r\nabc\r\n0\r\n\r\n",
    "a chunk size after 0x": b"POST P HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0x3\r\nabc\r\n0\r\n\r\n",
    "a chunk with a bare line feed": b"POST P HTTP/1.1\r\nHost: x\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST P HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\n",
    "no host": b"GET P HTTP/1.1\r\nAccept: */*\r\n\r\n",
    "two hosts": b"GET P HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    "an empty host": b"GET P HTTP/1.1\r\nHost:\r\n\r\n",
    "a host with a path": b"GET P HTTP/1.1\r\nHost: x/system?\r\n\r\n",
    "a host with a query": b"GET P HTTP/1.1\r\nHost: x?a\r\n\r\n",
    "a host with a user": b"GET P HTTP/1.1\r\nHost: a@x\r\n\r\n",
    "a host with a space": b"GET P HTTP/1.1\r\nHost: x y\r\n\r\n",
    "another host in the target": b"GET http://y/function/f1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "an authority as target": b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a star as target": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/0.9": b"GET P\r\n\r\n",
    "HTTP/0.9 and nothing more": b"GET P\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/1.2": b"GET P HTTP/1.2\r\nHost: x\r\n\r\n",
    "lower-case http": b"GET P http/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a NUL in a header": b"GET P HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n",
    "a bell in a header": b"GET P HTTP/1.1\r\nHost: x\r\nX-A: a\x07b\r\n\r\n",
    "a carriage return in a header": b"GET P HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n",
    "a line feed in a header": b"GET P HTTP/1.1\r\nHost: x\r\nX-A: a\nX-B: b\r\n\r\n",
    "a folded header": b"GET P HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n",
    "a space before the colon": b"GET P HTTP/1.1\r\nHost: x\r\nX-A : a\r\n\r\n",
    "a space before the name": b"GET P HTTP/1.1\r\n Host: x\r\n\r\n",
    "no colon": b"GET P HTTP/1.1\r\nHost: x\r\nX-A\r\n\r\n",
    "an empty name": b"GET P HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n",
    "a comma in a name": b"GET P HTTP/1.1\r\nHost: x\r\nX,A: a\r\n\r\n",
    "two spaces": b"GET  P HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tab": b"GET\tP HTTP/1.1\r\nHost: x\r\n\r\n",
    "bare line feeds": b"GET P HTTP/1.1\nHost: x\n\n",
    "a method with a colon": b"GE:T P HTTP/1.1\r\nHost: x\r\n\r\n",
    "a control character in the target": b"GET P\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", BROKEN.values(), ids=BROKEN.keys())
async def test_what_is_no_http_is_refused_and_closed(
    gateway: Gateway, request_bytes: bytes
) -> None:
    function = await gateway.function(answering(OK))
    smuggled = b"GET /function/f1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = await gateway.exchange(request_bytes.replace(b" P", b" /function/f1", 1) + smuggled)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in answer
    assert b"\r\nX-Plat-Answer: malformed\r\n" in answer
    assert function.connections == []


async def test_an_unknown_transfer_coding_is_not_supported(gateway: Gateway) -> None:
    function = await gateway.function(answering(OK))
    for coding in ("gzip", "gzip, chunked", "chunked, chunked", "identity", "xchunked"):
        answer = await gateway.get("/function/f1", f"Transfer-Encoding: {coding}", method="POST")
        assert answer.startswith(b"HTTP/1.1 501 "), coding
    assert function.connections == []


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /function/f1?" + b"a" * 65536 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /function/f1?" + b"a" * 17000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /function/f1?" + b"a" * 1_000_000, 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"a" * 102400 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 10000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 201 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 201, 431),
    ],
    ids=["64k-url", "17k-url", "endless-url", "100k-header", "10000", "202", "202-unfinished"],
)
async def test_too_much_of_a_head_is_refused(gateway: Gateway, head: bytes, status: int) -> None:
    answer = await gateway.exchange(head)
    assert answer.startswith(b"HTTP/1.1 %d " % status)


async def test_a_head_may_come_byte_by_byte(gateway: Gateway) -> None:
    await gateway.function(echo_head())
    caller = await gateway.connect()
    for byte in b"\r\nGET /function/f1/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
        await caller.say(bytes([byte]))
        await asyncio.sleep(0)
    answer = await caller.reader.read(-1)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\nGET /a HTTP/1.1\r\n" in answer


async def test_a_head_that_never_ends_times_out(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(limits=HttpLimits(header_time=0.1))
    caller = await gateway.connect()
    await caller.say(b"GET / HTTP/1.1\r\nHos")
    answer = await asyncio.wait_for(caller.reader.readuntil(b"\r\n\r\n"), PATIENCE)
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_an_idle_connection_is_closed(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(limits=HttpLimits(keep_alive=0.1))
    await gateway.function(answering(OK))
    caller = await gateway.connect()
    await caller.say(b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = await asyncio.wait_for(caller.reader.read(-1), PATIENCE)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_more_connections_than_allowed_are_closed(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(limits=HttpLimits(connections=1))
    await gateway.function(answering(OK))
    first = await gateway.connect()
    await first.say(b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n")
    await first.reader.readuntil(b"ok")
    second = await gateway.connect()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await second.say(b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n")
        await second.reader.readexactly(1)


async def test_the_absolute_form_means_the_same_as_the_plain_one(gateway: Gateway) -> None:
    await gateway.function(echo_head(), access="token")
    refused = await gateway.get("http://X/function/f1/a?b")
    assert refused.startswith(b"HTTP/1.1 401 ")
    answer = await gateway.get("http://X/function/f1/a?b", "Authorization: Bearer secret")
    assert b"\r\n\r\nGET /a?b HTTP/1.1\r\n" in answer


async def test_pipelined_requests_are_answered_in_order(gateway: Gateway) -> None:
    await gateway.function(echo_head())
    request = "GET /function/f1/{} HTTP/1.1\r\nHost: x\r\n\r\n"
    paths = ["a", "b", "c"]
    requests = "".join(map(request.format, paths)).encode()
    unknown = b"GET /function/none HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /function/f1/last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await gateway.exchange(requests + unknown * 500 + last)
    places = [answer.index(f"GET /{path} HTTP/1.1".encode()) for path in [*paths, "last"]]
    assert places == sorted(places)
    assert answer.count(b"HTTP/1.1 404 ") == 500


async def test_http_1_0_is_answered_and_closed_or_kept(gateway: Gateway) -> None:
    await gateway.function(echo_head())
    answer = await gateway.exchange(b"GET /function/f1 HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert b"\r\nHost: localhost\r\n" in answer
    caller = await gateway.connect()
    for _ in range(2):
        await caller.say(b"GET /function/f1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        head = await caller.head()
        assert b"\r\nConnection: keep-alive\r\n" in head
        await caller.head()
