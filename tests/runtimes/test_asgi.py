"""ASGI applications: streams, events, WebSocket, lifespan, the time limit, a caller that leaves."""

import contextlib
import json
from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import unix_connect

from .conftest import Start
from .replica import until

APP = """
import asyncio, json

async def head(send, *headers, status=200):
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})

async def body(send, data, more=False):
    await send({"type": "http.response.body", "body": data, "more_body": more})

async def lifespan(receive, send):
    await receive()
    print("LIFESPAN startup")
    await send({"type": "lifespan.startup.complete"})
    await receive()
    print("LIFESPAN shutdown")
    await send({"type": "lifespan.shutdown.complete"})

async def websocket(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        print("WORD", message["text"])
        if message["text"] == "raise":
            raise ValueError("in the socket")
        await send({"type": "websocket.send", "text": message["text"].upper()})

async def events(send):
    await head(send, (b"content-type", b"text/event-stream"))
    try:
        for n in range(1000000):
            await body(send, b"data: %d\\n\\n" % n, more=True)
            await asyncio.sleep(0.2)
    except asyncio.CancelledError:
        print("EVENTS cancelled")
        raise

async def sleep():
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        print("SLEEP cancelled")
        raise

async def listen(receive, send):
    await receive()
    await head(send)
    await body(send, b"begun", more=True)
    message = await receive()
    print("LISTEN heard", message["type"])

async def count(receive, send):
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message["body"])
        more = message["more_body"]
    await head(send)
    await body(send, json.dumps(size).encode())

async def late(send):
    await head(send, (b"content-length", b"2"))
    await body(send, b"ok")
    await asyncio.sleep(0.5)
    print("LATE work done")

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    if scope["type"] == "websocket":
        return await websocket(scope, receive, send)
    match scope["path"]:
        case "/events": await events(send)
        case "/sleep": await sleep()
        case "/listen": await listen(receive, send)
        case "/count": await count(receive, send)
        case "/late": await late(send)
        case "/raise": raise ValueError("broken")
        case "/cut":
            await head(send, (b"content-length", b"9"))
            await body(send, b"one", more=True)
            raise ValueError("broken")
        case _:
            await head(send)
            await body(send, json.dumps([scope["method"], scope["scheme"]]).encode())
"""


def test_events_come_as_they_happen_and_stop_with_the_caller(start: Start) -> None:
    replica = start(APP, PLAT_TIMEOUT="0.5").ready()
    with replica.client() as client, client.stream("GET", "/events") as answer:
        lines = (line for line in answer.iter_lines() if line)
        # The fifth event comes after the timeout, which a stream is free of.
        assert [next(lines) for _ in range(5)] == [f"data: {n}" for n in range(5)]
    until(lambda: replica.lines("EVENTS cancelled"), "the stream to be cancelled")


def test_a_caller_that_leaves_cancels_the_call(start: Start) -> None:
    replica = start(APP).ready()
    with pytest.raises(httpx.ReadTimeout), replica.client(timeout=0.3) as client:
        client.get("/sleep")
    until(lambda: replica.lines("SLEEP cancelled"), "the call to be cancelled")


def test_an_application_that_listens_hears_that_its_caller_left(start: Start) -> None:
    replica = start(APP).ready()
    with replica.client() as client, client.stream("GET", "/listen") as answer:
        assert next(answer.iter_text()) == "begun"
    until(lambda: replica.lines("LISTEN heard http.disconnect"), "the application to hear of it")


def test_an_upload_that_is_cut_is_not_taken_for_a_whole_one(start: Start) -> None:
    replica = start(APP).ready()
    with replica.client() as client, contextlib.suppress(httpx.HTTPError):
        client.post("/count", content=_cut())
    with replica.client() as client:
        assert client.get("/").status_code == 200
    assert not replica.lines("Traceback")


def _cut() -> Iterator[bytes]:
    yield b"half"
    raise httpx.ReadError("the caller leaves")


def test_a_call_that_outlives_the_timeout_is_cancelled_and_told(start: Start) -> None:
    replica = start(APP, PLAT_TIMEOUT="0.3").ready()
    answer = replica.get("/sleep", headers={"X-Call-Id": "slow"})
    assert answer.status_code == 504
    assert answer.json()["callId"] == "slow"
    until(lambda: replica.lines("[call slow] SLEEP cancelled"), "the cancellation in the log")
    until(lambda: replica.lines("[call slow] plat: the call was stopped"), "the reason")


def test_work_after_the_answer_is_not_cancelled(start: Start) -> None:
    replica = start(APP).ready()
    assert replica.get("/late").text == "ok"
    until(lambda: replica.lines("LATE work done"), "the work after the answer")


def test_an_error_is_a_short_answer_and_a_tagged_traceback(start: Start) -> None:
    replica = start(APP).ready()
    answer = replica.get("/raise", headers={"X-Call-Id": "c1"})
    assert answer.status_code == 500
    assert answer.json()["callId"] == "c1"
    assert "broken" not in answer.text
    assert replica.lines("[call c1] ValueError: broken")
    with pytest.raises(httpx.RemoteProtocolError):
        replica.get("/cut")
    assert replica.get("/").json() == ["GET", "http"]


def test_a_websocket_talks_and_its_lines_are_tagged(start: Start) -> None:
    replica = start(APP, PLAT_TIMEOUT="0.3").ready()
    headers = {"X-Call-Id": "ws1"}
    with unix_connect(
        str(replica.socket), "ws://replica/", additional_headers=headers
    ) as websocket:
        websocket.send("hi")
        assert websocket.recv(10) == "HI"
        assert replica.lines("[call ws1] WORD hi")
        websocket.send("raise")
        with pytest.raises(ConnectionClosed):
            websocket.recv(10)
    until(lambda: replica.lines("[call ws1] ValueError: in the socket"), "the traceback")


def test_lifespan_runs_round_the_serving(start: Start) -> None:
    replica = start(APP).ready()
    assert replica.lines("LIFESPAN startup")
    replica.process.terminate()
    assert replica.wait() == 0
    assert replica.lines("LIFESPAN shutdown")


def test_a_big_body_is_streamed_in(start: Start) -> None:
    replica = start(APP).ready()
    size = 64 << 20
    parts = (b"x" * (1 << 20) for _ in range(64))
    assert replica.post("/count", content=parts).json() == size


def test_more_calls_than_the_limit_wait_and_more_again_are_refused(start: Start) -> None:
    app = """
import asyncio
running = 0
async def handler(request):
    global running
    running += 1
    peak = running
    await asyncio.sleep(0.3)
    running -= 1
    return {"peak": peak}
"""
    replica = start(app, PLAT_CONCURRENCY="1").ready()
    raws = [replica.raw(b"GET / HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n") for _ in "1234"]
    answers = [raw.makefile("rb").read() for raw in raws]
    for raw in raws:
        raw.close()
    statuses = sorted(int(answer.split()[1]) for answer in answers)
    assert statuses == [200, 200, 503, 503]
    bodies = [answer.partition(b"\r\n\r\n")[2] for answer in answers if b" 200 " in answer]
    assert all(json.loads(body) == {"peak": 1} for body in bodies)


def test_an_async_generator_is_streamed(start: Start) -> None:
    app = """
import asyncio
async def handler(request):
    for word in ("a", "b"):
        yield word
        await asyncio.sleep(0)
"""
    assert start(app).ready().get().text == "ab"
