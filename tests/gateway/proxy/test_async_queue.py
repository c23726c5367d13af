"""Requests that the queue of asynchronous calls accepts and rejects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .conftest import OK, Gateway, MakeGateway, echo_head, respond_with
from .test_async_calls import GONE, QUICK, header, post, problem, send


@pytest.fixture
async def gateway(make_gateway: MakeGateway) -> Gateway:
    return await make_gateway(calls=QUICK)


async def test_requires_the_authorization_of_a_synchronous_call(gateway: Gateway) -> None:
    await gateway.function(respond_with(OK), name="f", access="token")
    rejected = await post(gateway, "f")
    assert rejected.startswith(b"HTTP/1.1 401 ")
    assert b"WWW-Authenticate: Bearer" in rejected
    await send(gateway, "f", "Authorization: Bearer secret")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("no", 404, "function-not-found"),
        ("No!", 400, "malformed"),
        ("f/../../functions", 400, "malformed"),
        ("%2e%2e/functions", 400, "malformed"),
    ],
)
async def test_validates_paths_like_the_data_path(
    gateway: Gateway, path: str, status: int, code: str
) -> None:
    await gateway.function(respond_with(OK), name="f")
    responses = [
        await post(gateway, path),
        await gateway.get(f"/function/{path}", method="POST"),
    ]
    for response in responses:
        assert response.startswith(b"HTTP/1.1 %d " % status)
        assert problem(response)["code"] == code


async def test_rejects_a_body_over_the_limit_and_stores_nothing(gateway: Gateway) -> None:
    await gateway.function(respond_with(OK), name="f")
    chunks = b"400\r\n" + b"x" * 1024 + b"\r\n0\r\n\r\n"
    head = f"POST /async-function/f HTTP/1.1\r\n{GONE}Transfer-Encoding: chunked\r\n\r\n".encode()
    for response in (
        await post(gateway, "f", body=b"x" * 1001),
        await gateway.exchange(head + chunks),
    ):
        assert response.startswith(b"HTTP/1.1 413 ")
    await send(gateway, "f", body=b"x" * 1000)


async def test_a_full_queue_sends_retry_after(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(calls=replace(QUICK, queue=2))
    gateway.route("f", state="suspended")
    for _ in range(2):
        await send(gateway, "f")
    response = await post(gateway, "f")
    assert response.startswith(b"HTTP/1.1 429 ")
    assert int(header(response, "Retry-After")) > 0
    assert problem(response)["code"] == "overloaded"


async def test_a_gateway_without_a_database_names_the_setting(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway()
    await gateway.function(respond_with(OK), name="f")
    response = await post(gateway, "f")
    assert response.startswith(b"HTTP/1.1 501 ")
    assert "DATABASE_URL" in str(problem(response)["fix"])


async def test_stores_nothing_if_the_client_disconnects_in_the_body(gateway: Gateway) -> None:
    function = await gateway.function(respond_with(OK), name="f")
    client = await gateway.connect()
    await client.send(
        f"POST /async-function/f HTTP/1.1\r\n{GONE}Content-Length: 9\r\n\r\nhalf".encode()
    )
    client.abort()
    await gateway.queue.over(await send(gateway, "f"))
    assert len(function.connections) == 1


async def test_responds_to_a_preflight(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(calls=QUICK, origins=("http://shop",))
    await gateway.function(respond_with(OK), name="f")
    asked = await gateway.get(
        "/async-function/f",
        "Origin: http://shop",
        "Access-Control-Request-Method: POST",
        method="OPTIONS",
    )
    assert asked.startswith(b"HTTP/1.1 204 ")
    response = await post(gateway, "f", "Origin: http://shop")
    assert header(response, "Access-Control-Allow-Origin") == "http://shop"
    assert "X-Call-Id" in header(response, "Access-Control-Expose-Headers")


async def test_accepts_every_method(gateway: Gateway) -> None:
    await gateway.function(echo_head(), name="f")
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "QUERY"):
        call_id = await send(gateway, "f", method=method)
        over = await gateway.queue.over(call_id)
        assert (over.method, over.state) == (method, "succeeded")
