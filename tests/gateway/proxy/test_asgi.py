"""The ASGI application on the gateway's own server."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from plat_core.services.router import Router
from plat_gateway.proxy.asgi import Message, Scope
from plat_gateway.proxy.limits import HttpLimits
from plat_gateway.proxy.proxy import FunctionProxy
from plat_gateway.server import serve

from tests.gateway.proxy.conftest import (
    OK,
    PATIENCE,
    FakeScaler,
    Gateway,
    MakeGateway,
    authorize,
    respond_with,
)


class Application:
    """A FastAPI application that echoes its requests."""

    def __init__(self) -> None:
        self.app = FastAPI(lifespan=self.lifespan)
        self.life: list[str] = []
        self.left = asyncio.Event()
        self.started = asyncio.Event()
        self.app.add_api_route("/scope/{rest:path}", self.scope, methods=["GET", "HEAD", "POST"])
        self.app.add_api_route("/body", self.body, methods=["POST"])
        self.app.add_api_route("/stream", self.stream)
        self.app.add_api_route("/wait", self.wait, methods=["POST"])
        self.app.add_api_route("/fail", self.fail)
        self.app.add_api_route("/break", self.break_off)
        self.app.add_api_route("/empty", self.empty)

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        self.life.append("up")
        yield
        self.life.append("down")

    async def scope(self, rest: str, request: Request) -> dict[str, object]:
        scope = request.scope
        return {
            "path": scope["path"],
            "raw_path": scope["raw_path"].decode("latin-1"),
            "query": scope["query_string"].decode(),
            "client": scope["client"][0],
            "headers": [[k.decode(), v.decode("latin-1")] for k, v in scope["headers"]],
        }

    async def body(self, request: Request) -> dict[str, int]:
        size = 0
        async for piece in request.stream():
            size += len(piece)
        return {"size": size}

    async def stream(self) -> StreamingResponse:
        async def lines() -> AsyncIterator[bytes]:
            try:
                for number in range(3):
                    yield b"%d\n" % number
                self.started.set()
                await asyncio.Event().wait()
            finally:
                self.left.set()

        return StreamingResponse(lines())

    async def wait(self, request: Request) -> None:
        await request.body()
        self.started.set()
        assert (await request.receive())["type"] == "http.disconnect"
        self.left.set()

    async def fail(self) -> None:
        raise RuntimeError("not meant for callers")

    async def break_off(self) -> StreamingResponse:
        async def lines() -> AsyncIterator[bytes]:
            yield b"some"
            raise RuntimeError("in the middle")

        return StreamingResponse(lines())

    async def empty(self) -> Response:
        return Response(status_code=204)


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
async def bridged(make_gateway: MakeGateway, application: Application) -> Gateway:
    return await make_gateway(app=application.app, limits=HttpLimits(body_bytes=5_000_000))


async def test_the_scope_describes_the_request(bridged: Gateway) -> None:
    response = await bridged.get("/scope/a%20b/%C3%A9?x=%2F", "X-A: 1", "x-a: 2", "X-Call-Id: mine")
    scope = json.loads(response.partition(b"\r\n\r\n")[2])
    assert scope["path"] == "/scope/a b/é"
    assert scope["raw_path"] == "/scope/a%20b/%C3%A9"
    assert scope["query"] == "x=%2F"
    assert scope["client"] == "127.0.0.1"
    assert [pair for pair in scope["headers"] if pair[0] == "x-a"] == [["x-a", "1"], ["x-a", "2"]]
    assert ["x-call-id", "mine"] in scope["headers"]
    assert b"\r\nX-Call-Id: mine\r\n" in response


async def test_a_connection_serves_functions_and_the_application(bridged: Gateway) -> None:
    await bridged.function(respond_with(OK))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{bridged.server.port}") as client:
        for _ in range(3):
            assert (await client.get("/function/f1")).text == "ok"
            assert (await client.get("/scope/a")).json()["path"] == "/scope/a"
            assert (await client.get("/empty")).status_code == 204
            assert (await client.get("/none")).status_code == 404
            assert (await client.head("/scope/a")).text == ""
    assert len(bridged.server._connections) <= 1


@pytest.mark.parametrize("size", [0, 1, 70_000, 4_000_000])
@pytest.mark.parametrize("chunked", [True, False])
async def test_bodies_arrive_complete(bridged: Gateway, size: int, chunked: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, 100_000):
            yield bytes(min(100_000, size - start))

    content = pieces() if chunked else bytes(size)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{bridged.server.port}") as client:
        for _ in range(2):
            response = await client.post("/body", content=content)
            assert response.json()["size"] in (size, 0)
            content = bytes(size)


async def test_rejects_a_body_over_the_limit(bridged: Gateway) -> None:
    head = b"POST /body HTTP/1.1\r\nHost: x\r\n"
    declared = await bridged.exchange(head + b"Content-Length: 5000001\r\n\r\n")
    assert declared.startswith(b"HTTP/1.1 413 ")
    client = await bridged.connect()
    await client.send(head + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(6):
        await client.send(b"f4240\r\n" + bytes(1_000_000) + b"\r\n")
    assert (await client.head()).startswith(b"HTTP/1.1 413 ")


async def test_sends_100_continue_when_the_application_reads_the_body(bridged: Gateway) -> None:
    client = await bridged.connect()
    await client.send(
        b"POST /body HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    )
    assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
    await client.send(b"hi")
    assert (await client.head()).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_rejects_a_malformed_body(bridged: Gateway) -> None:
    client = await bridged.connect()
    await client.send(
        b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"
    )
    await asyncio.sleep(0)
    await client.send(b"oops\r\n")
    assert (await client.head()).startswith(b"HTTP/1.1 400 ")


async def test_the_application_receives_a_disconnect(
    bridged: Gateway, application: Application
) -> None:
    client = await bridged.connect()
    await client.send(b"POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
    await asyncio.wait_for(application.started.wait(), PATIENCE)
    client.abort()
    await asyncio.wait_for(application.left.wait(), PATIENCE)


async def test_a_stream_is_not_buffered_and_ends_when_the_client_disconnects(
    bridged: Gateway, application: Application
) -> None:
    client = await bridged.connect()
    await client.send(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"\r\nTransfer-Encoding: chunked\r\n" in await client.head()
    await asyncio.wait_for(client.reader.readuntil(b"2\n\r\n"), PATIENCE)
    client.abort()
    await asyncio.wait_for(application.left.wait(), PATIENCE)


async def test_an_exception_before_the_response_is_a_5xx_without_details(bridged: Gateway) -> None:
    response = await bridged.get("/fail")
    assert response[9:10] == b"5"
    assert b"not meant" not in response


async def test_an_exception_in_the_response_breaks_it_off(bridged: Gateway) -> None:
    client = await bridged.connect()
    await client.send(b"GET /break HTTP/1.1\r\nHost: x\r\n\r\n")
    received = await asyncio.wait_for(client.reader.read(-1), PATIENCE)
    assert b"some" in received
    assert not received.endswith(b"0\r\n\r\n")


async def test_an_application_without_a_response_is_a_503(make_gateway: MakeGateway) -> None:
    async def silent(scope: Scope, receive: object, send: object) -> None:
        if scope["type"] == "lifespan":
            raise RuntimeError("no lifespan here")

    gateway = await make_gateway(app=silent)
    assert (await gateway.get("/x")).startswith(b"HTTP/1.1 503 ")


async def test_a_response_with_an_invalid_header_is_not_sent(make_gateway: MakeGateway) -> None:
    async def splitting(scope: Scope, receive: object, send: object) -> None:
        start: Message = {"type": "http.response.start", "status": 200}
        start["headers"] = [(b"x-a", b"1\r\nx-b: 2")]
        await send(start)  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"hi"})  # type: ignore[operator]

    gateway = await make_gateway(app=splitting)
    response = await gateway.get("/x")
    assert response.startswith(b"HTTP/1.1 503 ")
    assert b"x-b" not in response


async def test_the_server_closes_after_the_last_response(
    application: Application, bridged: Gateway
) -> None:
    assert application.life == ["up"]
    go_on = asyncio.Event()

    async def script(connection: object) -> None:
        await connection.head()  # type: ignore[attr-defined]
        await go_on.wait()
        await connection.send(OK)  # type: ignore[attr-defined]

    function = await bridged.function(script)
    client, idle = await bridged.connect(), await bridged.connect()
    await client.send(b"GET /function/f1 HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.wait_for(function.reached.wait(), PATIENCE)
    closing = asyncio.create_task(bridged.server.close(PATIENCE))
    await asyncio.sleep(0.05)
    with pytest.raises(ConnectionError):
        await bridged.connect()
    go_on.set()
    response = await client.reader.read(-1)
    assert response.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in response
    assert await idle.reader.read(-1) == b""
    await closing
    assert application.life == ["up", "down"]


async def test_aborts_requests_that_exceed_the_grace_period(
    application: Application, bridged: Gateway
) -> None:
    client = await bridged.connect()
    await client.send(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.wait_for(application.started.wait(), PATIENCE)
    await bridged.server.close(0.1)
    assert application.left.is_set()
    assert application.life == ["up", "down"]


async def test_does_not_listen_if_the_application_fails_to_start() -> None:
    async def failing(scope: Scope, receive: object, send: object) -> None:
        await receive()  # type: ignore[operator]
        await send({"type": "lifespan.startup.failed", "message": "no disk"})  # type: ignore[operator]

    proxy = FunctionProxy(Router(scaler=FakeScaler()), authorize=authorize)
    with pytest.raises(RuntimeError, match="no disk"):
        await serve(failing, proxy, port=0)
