"""Response bodies are read in every framing and written in one that the client understands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_gateway.proxy.chunks import ChunkDecoder, encode, last_chunk
from plat_gateway.proxy.framing import (
    AS_DECLARED,
    CHUNKED,
    UNTIL_CLOSE,
    BodyFraming,
    ResponseBody,
    framing_for_client,
)
from plat_gateway.proxy.http_parser import ResponseHead, parse_response
from plat_gateway.proxy.limits import HttpLimits


def response_head(*lines: str, status: int = 200) -> ResponseHead:
    block = "".join(f"\r\n{line}" for line in lines)
    data = f"HTTP/1.1 {status} X{block}\r\n\r\n".encode()
    head = parse_response(data, HttpLimits(), None)
    assert head is not None
    return head


def read_in_pieces(body: ResponseBody, data: bytes, cuts: list[int]) -> bytes:
    """Return the content of `data`, which arrives in pieces of these sizes."""
    content = body.read(b"")
    for size in [*cuts, len(data)]:
        if body.done:
            break
        content += body.read(data[:size])
        data = data[size:]
    return content


contents = st.binary(max_size=60)
cuts = st.lists(st.integers(1, 20), max_size=10)


@given(contents, cuts)
def test_reads_a_body_with_a_length(content: bytes, cuts: list[int]) -> None:
    body = ResponseBody(response_head(f"Content-Length: {len(content)}"), b"GET")
    assert read_in_pieces(body, content, cuts) == content
    assert body.done
    assert body.clean
    assert not body.ends_with_connection


@given(st.lists(contents), cuts, st.booleans())
def test_reads_a_chunked_body(pieces: list[bytes], cuts: list[int], has_trailers: bool) -> None:
    trailers = b"\r\nX-A: 1" if has_trailers else b""
    data = b"".join(map(encode, pieces)) + last_chunk(trailers)
    body = ResponseBody(response_head("Transfer-Encoding: chunked"), b"GET")
    assert read_in_pieces(body, data, cuts) == b"".join(pieces)
    assert body.done
    assert body.clean
    assert body.trailers == trailers
    assert not body.ends_with_connection


@given(contents, cuts)
def test_reads_a_body_without_a_length_until_the_connection_ends(
    content: bytes, cuts: list[int]
) -> None:
    body = ResponseBody(response_head(), b"GET")
    assert read_in_pieces(body, content, cuts) == content
    assert not body.done
    assert body.ends_with_connection


@pytest.mark.parametrize("lines", [(), ("Content-Length: 5",), ("Transfer-Encoding: chunked",)])
@pytest.mark.parametrize(("method", "status"), [(b"HEAD", 200), (b"GET", 204), (b"GET", 304)])
def test_a_response_without_a_body_is_done_with_its_head(
    lines: tuple[str, ...], method: bytes, status: int
) -> None:
    head = response_head(*lines, status=status)
    body = ResponseBody(head, method)
    assert body.read(b"") == b""
    assert body.done
    assert body.clean
    assert framing_for_client(head, method, http11=True) is AS_DECLARED
    assert framing_for_client(head, method, http11=False) is AS_DECLARED


@pytest.mark.parametrize(
    ("line", "data"),
    [
        ("Content-Length: 2", b"okmore"),
        ("Content-Length: 0", b"more"),
        ("Transfer-Encoding: chunked", b"2\r\nok\r\n0\r\n\r\nmore"),
    ],
)
def test_bytes_after_the_body_make_the_connection_unusable(line: str, data: bytes) -> None:
    body = ResponseBody(response_head(line), b"GET")
    assert body.read(data) in (b"ok", b"")
    assert body.done
    assert not body.clean


def test_rejects_a_broken_chunk() -> None:
    body = ResponseBody(response_head("Transfer-Encoding: chunked"), b"GET")
    with pytest.raises(ValueError):
        body.read(b"x\r\n")


@pytest.mark.parametrize(
    ("line", "http11", "framing"),
    [
        ("Content-Length: 5", True, AS_DECLARED),
        ("Content-Length: 5", False, AS_DECLARED),
        ("Transfer-Encoding: chunked", True, CHUNKED),
        ("Transfer-Encoding: chunked", False, UNTIL_CLOSE),
        ("X-A: no length", True, CHUNKED),
        ("X-A: no length", False, UNTIL_CLOSE),
    ],
)
def test_chooses_a_framing_that_the_client_understands(
    line: str, http11: bool, framing: BodyFraming
) -> None:
    assert framing_for_client(response_head(line), b"GET", http11=http11) is framing


@given(st.lists(contents))
def test_a_chunked_framing_decodes_to_the_same_content(pieces: list[bytes]) -> None:
    data = b"".join(map(CHUNKED.encode, pieces)) + CHUNKED.end(b"\r\nX-A: 1")
    decoder = ChunkDecoder()
    assert decoder.feed(data) == b"".join(pieces)
    assert decoder.done
    assert decoder.trailers == b"\r\nX-A: 1"


@given(contents)
def test_other_framings_send_the_content_unchanged(content: bytes) -> None:
    for framing in (AS_DECLARED, UNTIL_CLOSE):
        assert framing.encode(content) + framing.end(b"\r\nX-A: 1") == content
