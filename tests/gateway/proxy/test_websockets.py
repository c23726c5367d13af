"""A WebSocket is a tunnel that counts as one call in flight."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from plat_gateway.proxy.limits import HttpLimits
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.gateway.proxy.conftest import PATIENCE, Gateway, MakeGateway, respond_with


async def echo(socket: ServerConnection) -> None:
    async for message in socket:
        await socket.send(message)


@pytest.fixture
async def address() -> AsyncIterator[str]:
    async with serve(echo, "127.0.0.1", 0, max_size=None) as server:
        yield f"tcp:127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_messages_pass_in_both_directions(gateway: Gateway, address: str) -> None:
    gateway.route("f1", address)
    url = f"ws://127.0.0.1:{gateway.server.port}/function/f1/chat"
    async with connect(url, max_size=None) as socket:
        for message in ("hello", b"\0\xff", "x" * 3_000_000):
            await socket.send(message)
            assert await socket.recv() == message
        assert gateway.in_flight("f1") == 1
    await gateway.until_idle("f1")
    assert [record.status for record in gateway.records] == [101]


async def test_a_websocket_outlives_the_timeout_but_not_the_idle_limit(
    make_gateway: MakeGateway, address: str
) -> None:
    gateway = await make_gateway(limits=HttpLimits(stream_idle=1.0))
    gateway.route("f1", address, timeout=0.1)
    async with connect(f"ws://127.0.0.1:{gateway.server.port}/function/f1") as socket:
        await asyncio.sleep(0.4)
        await socket.send("still here")
        assert await socket.recv() == "still here"
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), PATIENCE)
    await gateway.until_idle("f1")


async def test_a_websocket_requires_the_token(gateway: Gateway, address: str) -> None:
    gateway.route("f1", address, access="token")
    url = f"ws://127.0.0.1:{gateway.server.port}/function/f1"
    with pytest.raises(InvalidStatus) as rejected:
        await connect(url)
    assert rejected.value.response.status_code == 401
    async with connect(url, additional_headers={"Authorization": "Bearer secret"}) as socket:
        await socket.send("in")
        assert await socket.recv() == "in"


async def test_a_function_can_decline_the_upgrade(gateway: Gateway) -> None:
    await gateway.function(respond_with(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"))
    with pytest.raises(InvalidStatus) as rejected:
        await connect(f"ws://127.0.0.1:{gateway.server.port}/function/f1")
    assert rejected.value.response.status_code == 403
    await gateway.until_idle("f1")
