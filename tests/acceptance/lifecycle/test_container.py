"""Environment and requests of a function behind the gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.acceptance.platform_client import Client, condition
from tests.examples.platform import TOKEN

FUNCTIONS = Path(__file__).parent / "functions"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def surroundings(client: Client, **headers: str) -> dict[str, Any]:
    if (await client.http.get("/functions/around")).status_code == 404:
        await client.deploy("around", FUNCTIONS / "threads")
    answer = await client.call("around", "/surroundings?a=1&a=%20", headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_variables_identify_the_replica(client: Client) -> None:
    found = (await surroundings(client))["environment"]
    [replica] = await client.replicas("around")
    assert found["K_SERVICE"] == found["PLAT_FUNCTION"] == "around"
    assert found["K_REVISION"] == found["PLAT_REVISION"] == "around-1"
    assert found["PLAT_REPLICA"] == replica["id"]
    assert found["PORT"].isdigit()
    assert not {"AUTH_TOKEN", "API_URL", "PLAT_HOME"} & set(found)


async def test_stdin_is_empty_and_client_headers_are_not_trusted(client: Client) -> None:
    seen = await surroundings(
        client,
        **{
            "Host": "shop.example:99",
            "X-Forwarded-For": "6.6.6.6",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "bank.example",
            "Forwarded": "for=6.6.6.6;host=bank.example",
            "X-Call-Id": "mine-1",
            "X-My-Own": "as it  is",
        },
    )
    headers = seen["headers"]
    assert seen["stdin"] == ""
    assert (seen["method"], seen["path"], seen["query"]) == ("GET", "/surroundings", "a=1&a=%20")
    assert headers["host"] == headers["x-forwarded-host"] == "shop.example:99"
    assert headers["x-forwarded-for"] in ("127.0.0.1", "::1")
    assert headers["x-forwarded-proto"] == "http"
    assert "6.6.6.6" not in headers["forwarded"]
    assert "bank" not in headers["forwarded"]
    assert headers["x-call-id"] == "mine-1"
    assert headers["x-my-own"] == "as it  is"
    assert "authorization" not in headers


async def test_forwards_or_starts_a_trace(client: Client) -> None:
    assert (await surroundings(client, traceparent=TRACE))["headers"]["traceparent"] == TRACE
    begun = (await surroundings(client))["headers"]["traceparent"]
    assert len(begun.split("-")[1]) == 32
    answer = await client.call("around")
    assert answer.headers["x-call-id"]


async def test_every_kind_of_call_starts_an_idle_function(client: Client) -> None:
    """A chunked body, an event stream and a WebSocket each reach an idle function."""
    await client.deploy("wakes", FUNCTIONS / "tasks")
    await client.asleep("wakes")

    async def chunks():  # type: ignore[no-untyped-def]
        for _ in range(100):
            yield b"x" * 1000

    answer = await client.call("wakes", method="POST", content=chunks())
    assert (answer.status_code, answer.json()["body"]) == (200, 100_000)

    await client.asleep("wakes")
    async with client.http.stream("GET", "/function/wakes/events?n=3") as stream:
        lines = [line async for line in stream.aiter_lines() if line]
    assert lines == ["data: 0", "data: 1", "data: 2"]

    await client.asleep("wakes")
    url = f"{client.platform.url.replace('http', 'ws')}/function/wakes/chat"
    async with connect(url, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as socket:
        await socket.send("hello")
        assert await socket.recv() == "hello"


async def test_a_slow_start_fails_no_early_call(client: Client) -> None:
    code = "import time\ntime.sleep(4)\n\ndef handler(request):\n    return 'here'\n"
    await client.put("slow-start", await client.build("slow-start", code))
    await client.until("slow-start", lambda found: "status" in found)
    answers = await asyncio.gather(*(client.call("slow-start") for _ in range(30)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, "here")}


SHAPES = {
    "wsgi": """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
""",
    "asgi": """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})
""",
    "request": "def handler(request):\n    return 'hello'\n",
    "coroutine": "async def handler(request):\n    return 'hello'\n",
    "event": """
def handler(event, context):
    assert context.aws_request_id == event["requestContext"]["requestId"]
    return {"statusCode": 200, "body": "hello"}
""",
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_handler_of_each_shape_runs_unchanged(client: Client, shape: str) -> None:
    function = await client.deploy(f"shape-{shape}", SHAPES[shape])
    assert condition(function)["status"] == "True", function
    answer = await client.call(f"shape-{shape}", method="POST", content=b"x")
    assert (answer.status_code, answer.text) == (200, "hello")
