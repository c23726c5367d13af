"""The parsers accept exactly the grammar, in pieces of any size."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_core.errors import PlatError
from plat_gateway.proxy.call_ids import CallIds
from plat_gateway.proxy.chunks import ChunkDecoder, encode, last_chunk
from plat_gateway.proxy.http_parser import parse_request, parse_response
from plat_gateway.proxy.limits import HttpLimits
from plat_http.statuses import status_of

LIMITS = HttpLimits()
GOOD = b"GET /a HTTP/1.1\r\nHost: x\r\nX-A: b\r\n\r\n"

LINES = [b"Host", b":", b"x", b"Content-Length: 1", b"Transfer-Encoding: chunked", b"\r\n\r\n"]
PARTS = [
    b"GET",
    b" ",
    b"/a",
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\t",
    b"\xff",
]
fragments = st.sampled_from(LINES + PARTS)


@given(st.lists(fragments, max_size=25).map(b"".join) | st.binary(max_size=200))
def test_any_bytes_are_a_head_an_error_or_incomplete(data: bytes) -> None:
    try:
        head = parse_request(data, LIMITS, None)
    except PlatError as error:
        assert status_of(error.code) in (400, 414, 431, 501)
        return
    if head is not None:
        raw = data[: head.end]
        assert raw.endswith(b"\r\n\r\n")
        assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
        assert not set(raw) & (set(range(32)) - {9, 10, 13})
        assert head.http11 is False or head.fields[b"host"]


@given(st.integers(0, len(GOOD) - 1))
def test_a_head_is_incomplete_before_its_last_byte(cut: int) -> None:
    assert parse_request(GOOD[:cut], LIMITS, None) is None
    assert parse_request(GOOD, LIMITS, None) is not None


@given(st.integers(0, len(GOOD) - 1), st.sampled_from(b"\0\x01\x0b\x7f"))
def test_rejects_control_characters(place: int, character: int) -> None:
    data = GOOD[:place] + bytes([character]) + GOOD[place:]
    with pytest.raises(PlatError):
        parse_request(data, LIMITS, None)


@given(st.sampled_from([b"Host: y", b"X-A: c", b"X-A: b\r\nX-C: d", b"Content-Length: 3"]))
def test_reuses_parsed_fields_only_for_equal_bytes(line: bytes) -> None:
    first = parse_request(GOOD, LIMITS, None)
    assert first is not None
    again = parse_request(GOOD.replace(b"/a", b"/b") + b"more", LIMITS, first.shared)
    assert again is not None
    assert again.shared is first.shared
    assert (again.target, again.end) == (b"/b", len(GOOD))
    other = GOOD.replace(b"X-A: b", line)
    head = parse_request(
        other if b"Host" not in line else other.replace(b"Host: x\r\n", b""), LIMITS, first.shared
    )
    assert head is not None
    assert head.shared is not first.shared


@given(st.binary(max_size=200) | st.lists(fragments, max_size=20).map(b"".join))
def test_any_bytes_are_a_response_or_an_error(data: bytes) -> None:
    try:
        head = parse_response(b"HTTP/1.1 200 OK\r\n" + data, LIMITS, None)
    except ValueError:
        return
    assert head is None or (head.status == 200 and head.length in (None, 1))


@given(st.lists(st.binary(max_size=40)), st.lists(st.integers(1, 12)), st.booleans())
def test_decodes_chunks_in_pieces_of_any_size(
    contents: list[bytes], cuts: list[int], trailers: bool
) -> None:
    extra = b"\r\nX-A: 1" if trailers else b""
    data = b"".join(map(encode, contents)) + last_chunk(extra) + b"rest"
    decoder, got = ChunkDecoder(), bytearray()
    for size in [*cuts, len(data)]:
        piece, data = data[:size], data[size:]
        if decoder.done:
            assert decoder.rest + piece + data
            break
        got += decoder.feed(piece)
        if decoder.done:
            assert (decoder.rest + data) == b"rest"
            break
    assert decoder.done
    assert bytes(got) == b"".join(contents)
    assert decoder.trailers == extra


@given(st.binary(max_size=80) | st.text("0123456789abcdefxX;= \r\n+-", max_size=60).map(str.encode))
def test_any_bytes_are_chunks_or_an_error(data: bytes) -> None:
    complete, pieces = ChunkDecoder(), ChunkDecoder()
    try:
        got = complete.feed(data)
    except ValueError:
        with pytest.raises(ValueError):
            for i in range(len(data)):
                pieces.feed(data[i : i + 1])
        assert not pieces.done
        return
    parts = [pieces.feed(data[i : i + 1]) for i in range(len(data)) if not pieces.done]
    assert b"".join(parts) == got
    assert pieces.done == complete.done


def test_parses_a_hostile_head_in_linear_time() -> None:
    heads = [b"GET /a HTTP/1.1\r\nHost: x\r\n" + b"a" * 60000, b"a" * 60000, b"G " + b"/" * 16000]
    heads += [b"GET /a HTTP/1.1\r\n" + b"a:" + b"b: \t" * 10000 + b"\0", b"GET /a HTTP/1.1" * 4000]
    began = time.process_time()
    for head in heads * 10:
        try:
            parse_request(head, LIMITS, None)
        except PlatError as error:
            assert status_of(error.code) in (400, 414, 431)
    assert time.process_time() - began < 5.0


def test_call_ids_are_unique_and_sort_by_time() -> None:
    ids = CallIds()
    made = [ids.new() for _ in range(5000)]
    assert len(set(made)) == len(made)
    assert {len(call_id) for call_id in made} == {32}
    assert [call_id[:12] for call_id in made] == sorted(call_id[:12] for call_id in made)
