"""The door for calls that nobody waits for: whom it refuses, as the data path or by its bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .conftest import OK, Gateway, MakeGateway, answering, echo_head
from .test_async_calls import GONE, QUICK, header, post, problem, send


@pytest.fixture
async def gateway(make_gateway: MakeGateway) -> Gateway:
    return await make_gateway(calls=QUICK)


async def test_who_may_not_call_a_function_may_not_queue_a_call(gateway: Gateway) -> None:
    await gateway.function(answering(OK), name="f", access="token")
    refused = await post(gateway, "f")
    assert refused.startswith(b"HTTP/1.1 401 ")
    assert b"WWW-Authenticate: Bearer" in refused
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
async def test_paths_are_judged_as_on_the_data_path(
    gateway: Gateway, path: str, status: int, code: str
) -> None:
    await gateway.function(answering(OK), name="f")
    answers = [
        await post(gateway, path),
        await gateway.get(f"/function/{path}", method="POST"),
    ]
    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert problem(answer)["code"] == code


async def test_a_body_beyond_the_bound_is_refused_and_nothing_is_stored(gateway: Gateway) -> None:
    await gateway.function(answering(OK), name="f")
    chunks = b"400\r\n" + b"x" * 1024 + b"\r\n0\r\n\r\n"
    head = f"POST /async-function/f HTTP/1.1\r\n{GONE}Transfer-Encoding: chunked\r\n\r\n".encode()
    for answer in (
        await post(gateway, "f", body=b"x" * 1001),
        await gateway.exchange(head + chunks),
    ):
        assert answer.startswith(b"HTTP/1.1 413 ")
    await send(gateway, "f", body=b"x" * 1000)


async def test_a_full_queue_says_when_to_come_again(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(calls=replace(QUICK, queue=2))
    gateway.route("f", state="suspended")
    for _ in range(2):
        await send(gateway, "f")
    answer = await post(gateway, "f")
    assert answer.startswith(b"HTTP/1.1 429 ")
    assert int(header(answer, "Retry-After")) > 0
    assert problem(answer)["code"] == "overloaded"


async def test_a_gateway_without_a_database_says_what_to_set(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway()
    await gateway.function(answering(OK), name="f")
    answer = await post(gateway, "f")
    assert answer.startswith(b"HTTP/1.1 501 ")
    assert "DATABASE_URL" in str(problem(answer)["fix"])


async def test_a_caller_that_leaves_in_its_body_queued_nothing(gateway: Gateway) -> None:
    function = await gateway.function(answering(OK), name="f")
    caller = await gateway.connect()
    await caller.say(
        f"POST /async-function/f HTTP/1.1\r\n{GONE}Content-Length: 9\r\n\r\nhalf".encode()
    )
    caller.die()
    await gateway.queue.over(await send(gateway, "f"))
    assert len(function.connections) == 1


async def test_a_browser_may_ask_beforehand(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(calls=QUICK, origins=("http://shop",))
    await gateway.function(answering(OK), name="f")
    asked = await gateway.get(
        "/async-function/f",
        "Origin: http://shop",
        "Access-Control-Request-Method: POST",
        method="OPTIONS",
    )
    assert asked.startswith(b"HTTP/1.1 204 ")
    answer = await post(gateway, "f", "Origin: http://shop")
    assert header(answer, "Access-Control-Allow-Origin") == "http://shop"
    assert "X-Call-Id" in header(answer, "Access-Control-Expose-Headers")


async def test_every_method_may_be_queued(gateway: Gateway) -> None:
    await gateway.function(echo_head(), name="f")
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "QUERY"):
        call_id = await send(gateway, "f", method=method)
        over = await gateway.queue.over(call_id)
        assert (over.method, over.state) == (method, "succeeded")
