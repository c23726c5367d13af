"""HTTP hygiene over raw sockets, with a real function behind the gateway."""

from __future__ import annotations

import contextlib
import gzip
import json

import pytest

from tests.acceptance.bounds.sockets import (
    AUTHORIZED,
    Memory,
    ask,
    connected,
    exchange,
    gateway,
    read,
    seen,
    until,
)
from tests.examples.platform import Platform

PATHS = ["/function/wire/echo", "/functions/wire"]
GIB = 1 << 30
PIECE = b"x" * (1 << 20)


def request(line: str, *fields: str, body: bytes = b"", host: str = "Host: localhost") -> bytes:
    lines = "\r\n".join([line, *filter(None, [host]), *fields])
    return lines.encode("latin-1") + b"\r\n" + AUTHORIZED + b"\r\n" + body


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (["Content-Length: 5", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
        (["Content-Length: 5", "Content-Length: 6"], b"hello!"),
        (["Content-Length: 5, 6"], b"hello!"),
        (["Content-Length: +3"], b"abc"),
        (["Content-Length: -1"], b""),
        (["Content-Length: 0x3"], b"abc"),
        (["Content-Length: "], b""),
        (["Transfer-Encoding: chunked"], b"zz\r\nabc\r\n0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"3\r\nabcdef\r\n0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"-1\r\n\r\n"),
        (["Transfer-Encoding: chunked, gzip"], b"0\r\n\r\n"),
        (["Transfer-Encoding: identity"], b""),
        (["Transfer-Encoding : chunked"], b"0\r\n\r\n"),
        (["X-A: b\r\n folded"], b""),
        (["X\x00A: b"], b""),
        (["X-A: b\x00"], b""),
    ],
)
def test_rejects_ambiguous_framing_and_closes_the_connection(
    wire: Platform, path: str, fields: list[str], body: bytes
) -> None:
    posts = seen(wire)["posts"]
    answer = exchange(wire, request(f"POST {path} HTTP/1.1", *fields, body=body))
    assert answer.status in (400, 501), answer.raw
    assert answer.closed
    # one response: the rest is not parsed as another request
    assert answer.raw.count(b"HTTP/1.1 ") == 1
    assert seen(wire)["posts"] == posts


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("{}", ""),
        ("{}", "Host: a\r\nHost: b"),
        ("{}", "Host: x/system?"),
        ("{}", "Host: a@b"),
        ("http://elsewhere{}", "Host: localhost"),
        ("{}#x", "Host: localhost"),
        ("*", "Host: localhost"),
    ],
)
def test_rejects_an_invalid_host_or_target(
    wire: Platform, path: str, target: str, host: str
) -> None:
    line = f"GET {target.format(path)} HTTP/1.1"
    answer = exchange(wire, request(line, "Connection: close", host=host))
    assert answer.status in (400, 421), answer.raw
    # and an anonymous client gets the same status as for the valid form
    stranger = exchange(wire, request(line, host=host).replace(AUTHORIZED, b""))
    assert stranger.status in (400, 401, 421)


@pytest.mark.parametrize(
    "target",
    [
        "/function/../functions",
        "/function/%2e%2e/functions",
        "/function/a%2f..%2fb",
        "/function//wire",
        "//functions",
        "/function/wire;x/echo",
        "/function/wire%00/echo",
        "/function/wire%2fecho",
        "/function/WIRE/echo",
        "/function/%77ire%2e%2e/echo",
        "/function/",
        "/functions/wire%2f..%2f..%2fsystem%2finfo",
        "/functions/..%2fsystem/info",
        "/function/wire/../../functions",
        "/function/wire/%2e%2e/%2e%2e/functions",
        "/function\\..\\functions",
    ],
)
def test_no_spelling_of_a_path_reaches_another_route(wire: Platform, target: str) -> None:
    answer = ask(wire, target)
    assert answer.status in (400, 404, 422), answer.raw
    stranger = exchange(
        wire, request(f"GET {target} HTTP/1.1", "Connection: close").replace(AUTHORIZED, b"")
    )
    assert stranger.status in (400, 401, 404), stranger.raw
    assert b'"items"' not in answer.raw + stranger.raw


@pytest.mark.parametrize("path", PATHS)
def test_rejects_oversized_headers_with_flat_memory(wire: Platform, path: str) -> None:
    memory = Memory(gateway(wire))
    line = f"GET {path} HTTP/1.1"
    assert exchange(wire, request(line, "X-A: " + "a" * 100_000)).status == 431
    many = [f"X-{number}: a" for number in range(10_000)]
    assert exchange(wire, request(line, *many)).status == 431
    assert exchange(wire, request(f"GET {path}?{'a' * 65_536} HTTP/1.1")).status == 414
    with connected(wire) as endless:
        endless.sendall(line.encode() + b"\r\nHost: localhost\r\nX-A: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(64):
                endless.sendall(PIECE)
        assert read(endless).status in (0, 431)
    assert memory.growth < 16 << 20


def test_drops_hop_by_hop_headers_in_both_directions(wire: Platform) -> None:
    answer = ask(
        wire,
        "/function/wire/echo",
        "Connection: X-A, close",
        "X-A: secret",
        "TE: trailers",
        "Upgrade: h2c",
        "Proxy-Authorization: Basic x",
        "Keep-Alive: timeout=5",
        "X-B: kept",
        "X-Forwarded-For: 6.6.6.6",
        "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    fields = dict(json.loads(answer.body)["headers"])
    assert fields["x-b"] == "kept"
    assert "6.6.6.6" not in fields["x-forwarded-for"]
    assert fields["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
    gone = {"x-a", "te", "upgrade", "proxy-authorization", "keep-alive", "authorization"}
    assert not gone & fields.keys()
    back = ask(wire, "/function/wire/cookies")
    assert back.values("x-a") == [] == back.values("keep-alive")
    assert back.values("x-b") == [b"2"]
    assert back.values("set-cookie") == [b"a=1", b"b=2"]


@pytest.mark.parametrize("status", [200, 204, 304, 404, 418, 500, 599])
def test_forwards_the_status_of_the_function(wire: Platform, status: int) -> None:
    answer = ask(wire, f"/function/wire/status/{status}")
    assert answer.status == status
    assert answer.values("etag") == [b'"a"']
    assert answer.values("x-plat-answer") == []
    assert (answer.body == b"") == (status in (204, 304))


def test_forwards_a_compressed_body_unchanged(wire: Platform) -> None:
    answer = ask(wire, "/function/wire/gzip", "Accept-Encoding: gzip")
    assert gzip.decompress(answer.body) == b"hello" * 100
    assert answer.values("content-length") == [str(len(answer.body)).encode()]
    head = ask(wire, "/function/wire/gzip", method="HEAD")
    assert (head.body, head.values("content-length")) == (b"", answer.values("content-length"))


@pytest.mark.parametrize(
    "line", ["{} HTTP/1.1", "{}?a=%2F&b=%zz HTTP/1.1", "{}/%C3%A9/a%2Fb HTTP/1.1"]
)
def test_forwards_path_query_and_unicode_unchanged(wire: Platform, line: str) -> None:
    target = line.split()[0].format("/function/wire/echo")
    result = json.loads(ask(wire, target, "X-Umlaut: caf\xe9").body)
    path, _, query = target.partition("?")
    assert (result["path"], result["query"]) == (path.removeprefix("/function/wire"), query)
    assert ["x-umlaut", "caf\xe9"] in result["headers"]


@pytest.mark.timeout(180)
def test_streams_a_gibibyte_up_with_flat_memory(wire: Platform) -> None:
    memory = Memory(gateway(wire))
    with connected(wire) as connection:
        head = request(
            "POST /function/wire/up HTTP/1.1", f"Content-Length: {GIB}", "Connection: close"
        )
        connection.sendall(head)
        for _ in range(GIB // len(PIECE)):
            connection.sendall(PIECE)
        assert read(connection).body.endswith(str(GIB).encode())
    assert memory.growth < 64 << 20


@pytest.mark.timeout(180)
def test_streams_a_gibibyte_down_with_flat_memory(wire: Platform) -> None:
    memory = Memory(gateway(wire))
    with connected(wire) as slow, connected(wire) as connection:
        line = f"GET /function/wire/down?{GIB // 65536} HTTP/1.0"
        slow.sendall(request(line))
        connection.sendall(request(line))
        size = 0
        while piece := connection.recv(1 << 20):
            size += len(piece)
        assert size > GIB
        # the slow client has read nothing yet, and the gateway did not read ahead
        assert slow.recv(1 << 16)
    assert memory.growth < 64 << 20


def test_forwards_events_at_once_and_frees_the_slot_on_disconnect(wire: Platform) -> None:
    left = seen(wire, "single")["left"]
    with connected(wire) as connection:
        connection.sendall(request("GET /function/single/sse HTTP/1.1"))
        got = b""
        while b"data: 1" not in got:
            got += connection.recv(4096)
    # wait for the only slot, which is free again
    until(lambda: seen(wire, "single")["left"] == left + 1)


def test_returns_504_for_a_hanging_function_and_sends_a_post_once(wire: Platform) -> None:
    posts = seen(wire, "hasty")["posts"]
    answer = ask(wire, "/function/hasty/hang", method="POST", body=b"once")
    assert answer.status == 504
    assert answer.values("x-plat-answer") == [b"timeout"]
    result = json.loads(answer.body)
    assert result["callId"].encode() in answer.values("x-call-id")
    assert "hasty" in result["detail"]
    assert seen(wire, "hasty")["posts"] == posts + 1


def test_aborts_a_response_that_stalls_in_the_body(wire: Platform) -> None:
    answer = ask(wire, "/function/hasty/stall")
    assert (answer.status, answer.body, answer.closed) == (200, b"half", True)


def test_aborts_the_response_of_a_crash_in_the_body(wire: Platform) -> None:
    answer = ask(wire, "/function/killable/die", method="POST", body=b"x")
    assert answer.status == 200
    assert b"half" in answer.body
    # chunked, and the last chunk is missing
    assert not answer.body.endswith(b"0\r\n\r\n")
    assert ask(wire, "/function/killable/echo").status == 200


def test_returns_502_for_a_crash_and_sends_a_post_once(
    wire: Platform,
) -> None:
    answer = ask(wire, "/function/killable/diefirst", method="POST", body=b"x")
    assert answer.status == 502, answer.raw
    assert answer.values("x-plat-answer") == [b"bad-function-answer"]
    call = json.loads(answer.body)["callId"]
    output = wire.plat("logs", "killable", "--call", call).stdout
    assert output.count("post taken") == 1
    assert ask(wire, "/function/killable/echo").status == 200


def test_returns_502_for_a_response_that_is_not_http(wire: Platform) -> None:
    answer = ask(wire, "/function/killable/garbage", method="POST", body=b"x")
    assert answer.status == 502, answer.raw
    assert ask(wire, "/function/killable/echo").status == 200
