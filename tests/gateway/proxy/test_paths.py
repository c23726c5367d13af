"""A path reaches the function that it names, or no function."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_core.errors import Malformed
from plat_core.model.names import FunctionRef
from plat_gateway.proxy.paths import check_path, check_segment, function_path, leaves

from tests.gateway.proxy.conftest import OK, Gateway, echo_head, respond_with


@pytest.mark.parametrize(
    ("target", "received"),
    [
        ("", "/"),
        ("/", "/"),
        ("?a=1", "/?a=1"),
        ("/?", "/?"),
        ("/a/b?c=/../d&e", "/a/b?c=/../d&e"),
        ("/a//b", "/a//b"),
        ("//", "//"),
        ("/a%2Fb%2f%00", "/a%2Fb%2f%00"),
        ("/%e4%BD%a0;x=1", "/%e4%BD%a0;x=1"),
        ("/a/../b", "/a/../b"),
        ("/a/%2e%2e/b", "/a/%2e%2e/b"),
        ("/.well-known/x", "/.well-known/x"),
        ("/...", "/..."),
        ("/%", "/%"),
        ("/é", "/é"),
    ],
)
async def test_the_function_receives_its_path_unchanged(
    gateway: Gateway, target: str, received: str
) -> None:
    await gateway.function(echo_head())
    for segment in ("f1", "f1.default"):
        response = await gateway.get(f"/function/{segment}{target}")
        assert f"\r\n\r\nGET {received} HTTP/1.1\r\n".encode() in response


@pytest.mark.parametrize(
    "target",
    [
        "/function/../functions",
        "/function/%2e%2e/functions",
        "/function/f1/../../functions",
        "/function/f1/%2e%2e/%2E%2e/functions",
        "/function/f1/..%2f..%2ffunctions",
        "/function/f1/a/../../../functions",
        "/function/f1//../../functions",
        "/function/f1/..;x/..;y/functions",
        "/function/f1/..\\..\\functions",
        "/function/f1/..",
        "/function/a%2f..%2fb",
        "/function/f1%2f..%2f..%2ffunctions",
        "/function/f1;x",
        "/function/f1%00",
        "/function//f1",
        "/function/",
        "/function/F1",
        "/function/f_1",
        "/function/-f1",
        "/function/f1.",
        "/function/.f1",
        "/function/f1.a.b",
        "/function/f1..default",
        "/function/%66%31",
        "/function/f1#a",
        "/function/" + "a" * 64,
        "/function/а",  # a Cyrillic one
        "/x/../function/f1",
        "/./function/f1",
        "/x/%2e%2e/function/f1",
        "/functions/..%5cfunction/f1",
        "/function%00/f1",
    ],
)
async def test_no_spelling_reaches_another_route(gateway: Gateway, target: str) -> None:
    function = await gateway.function(respond_with(OK))
    response = await gateway.get(target, "Authorization: Bearer secret")
    assert response.startswith(b"HTTP/1.1 400 ")
    assert function.connections == []


async def test_an_unknown_name_is_not_found(gateway: Gateway) -> None:
    await gateway.function(respond_with(OK), name="orders")
    for segment in ("orders.shop", "none", "order"):
        response = await gateway.get(f"/function/{segment}")
        assert response.startswith(b"HTTP/1.1 404 ")
        assert b"\r\nX-Plat-Answer: function-not-found\r\n" in response


async def test_a_namespace_is_part_of_the_name(gateway: Gateway) -> None:
    function = await gateway.function(echo_head())
    gateway.route("other", function.address, ref=FunctionRef("orders", "shop"))
    response = await gateway.get("/function/orders.shop/x")
    assert b"\r\n\r\nGET /x HTTP/1.1\r\n" in response


segments = st.sampled_from(
    ["a", "b", "..", ".", "", "%2e%2e", "%2E.", "..%2f..", "..;x", "%5c..", "..\\..", "%", "%00"]
)


@given(st.lists(segments, max_size=8).map("/".join), st.sampled_from(["", "?", "?..&/../"]))
def test_a_path_never_leaves_the_function(path: str, query: str) -> None:
    target = f"/function/f1/{path}{query}".encode()
    try:
        segment, received = function_path(target)
    except Malformed:
        assert leaves(path.encode())
    else:
        assert (segment, received) == ("f1", f"/{path}{query}".encode())


@given(st.binary(max_size=60).filter(lambda raw: not set(raw) & set(b" \r\n")))
def test_any_bytes_are_a_name_or_an_error(raw: bytes) -> None:
    try:
        segment, path = function_path(b"/function/" + raw)
        check_segment(segment)
    except Malformed:
        return
    assert (segment.encode() + path).startswith(raw.partition(b"?")[0])
    assert FunctionRef.from_segment(segment).segment == segment.removesuffix(".default")


@given(st.binary(max_size=60))
def test_rejects_dot_segments_outside_functions(raw: bytes) -> None:
    try:
        check_path(b"/" + raw)
    except Malformed:
        return
    path = raw.partition(b"?")[0].replace(b"%2e", b".").replace(b"%2E", b".").split(b"/")
    assert b".." not in path
