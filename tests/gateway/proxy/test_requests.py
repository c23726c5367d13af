"""Malformed and oversized requests are rejected before any function receives them."""

import asyncio

import pytest
from plat_gateway.proxy.limits import HttpLimits

from tests.gateway.proxy.conftest import (
    OK,
    PATIENCE,
    Gateway,
    MakeGateway,
    echo_head,
    respond_with,
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
    "a chunk longer than its size": b"POST P HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
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
async def test_rejects_malformed_requests_and_closes(
    gateway: Gateway, request_bytes: bytes
) -> None:
    function = await gateway.function(respond_with(OK))
    smuggled = b"GET /function/f1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    response = await gateway.exchange(request_bytes.replace(b" P", b" /function/f1", 1) + smuggled)
    assert response.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert response.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in response
    assert b"\r\nX-Plat-Answer: malformed\r\n" in response
    assert function.connections == []


async def test_rejects_an_unknown_transfer_coding(gateway: Gateway) -> None:
    function = await gateway.function(respond_with(OK))
    for coding in ("gzip", "gzip, chunked", "chunked, chunked", "identity", "xchunked"):
        response = await gateway.get("/function/f1", f"Transfer-Encoding: {coding}", method="POST")
        assert response.startswith(b"HTTP/1.1 501 "), coding
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
async def test_rejects_a_head_over_the_limits(gateway: Gateway, head: bytes, status: int) -> None:
    response = await gateway.exchange(head)
    assert response.startswith(b"HTTP/1.1 %d " % status)


async def test_accepts_a_head_byte_by_byte(gateway: Gateway) -> None:
    await gateway.function(echo_head())
    client = await gateway.connect()
    for byte in b"\r\nGET /function/f1/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
        await client.send(bytes([byte]))
        await asyncio.sleep(0)
    response = await client.reader.read(-1)
    assert response.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\nGET /a HTTP/1.1\r\n" in response


async def test_an_incomplete_head_times_out(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(limits=HttpLimits(header_time=0.1))
    client = await gateway.connect()
    await client.send(b"GET / HTTP/1.1\r\nHos")
    response = await asyncio.wait_for(client.reader.readuntil(b"\r\n\r\n"), PATIENCE)
    assert response.startswith(b"HTTP/1.1 408 ")


async def test_closes_an_idle_connection(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(limits=HttpLimits(keep_alive=0.1))
    await gateway.function(respond_with(OK))
    client = await gateway.connect()
    await client.send(b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n")
    response = await asyncio.wait_for(client.reader.read(-1), PATIENCE)
    assert response.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_closes_connections_over_the_limit(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(limits=HttpLimits(connections=1))
    await gateway.function(respond_with(OK))
    first = await gateway.connect()
    await first.send(b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n")
    await first.reader.readuntil(b"ok")
    second = await gateway.connect()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await second.send(b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n")
        await second.reader.readexactly(1)


async def test_the_absolute_form_equals_the_origin_form(gateway: Gateway) -> None:
    await gateway.function(echo_head(), access="token")
    rejected = await gateway.get("http://X/function/f1/a?b")
    assert rejected.startswith(b"HTTP/1.1 401 ")
    response = await gateway.get("http://X/function/f1/a?b", "Authorization: Bearer secret")
    assert b"\r\n\r\nGET /a?b HTTP/1.1\r\n" in response


async def test_responds_to_pipelined_requests_in_order(gateway: Gateway) -> None:
    await gateway.function(echo_head())
    request = "GET /function/f1/{} HTTP/1.1\r\nHost: x\r\n\r\n"
    paths = ["a", "b", "c"]
    requests = "".join(map(request.format, paths)).encode()
    unknown = b"GET /function/none HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /function/f1/last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    response = await gateway.exchange(requests + unknown * 500 + last)
    places = [response.index(f"GET /{path} HTTP/1.1".encode()) for path in [*paths, "last"]]
    assert places == sorted(places)
    assert response.count(b"HTTP/1.1 404 ") == 500


async def test_keeps_http_1_0_connections_only_on_request(gateway: Gateway) -> None:
    await gateway.function(echo_head())
    response = await gateway.exchange(b"GET /function/f1 HTTP/1.0\r\n\r\n")
    assert response.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in response
    assert b"\r\nHost: localhost\r\n" in response
    client = await gateway.connect()
    for _ in range(2):
        await client.send(b"GET /function/f1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        head = await client.head()
        assert b"\r\nConnection: keep-alive\r\n" in head
        await client.head()
