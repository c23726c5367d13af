"""Links between gateways over real sockets: authentication, failures and limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest
from plat_backends.memory.scaler import MemoryScaler
from plat_core.services.peers import Peers
from plat_core.services.router import Router
from plat_gateway.links import MAX_LINE_BYTES, GatewayLinks


class Gateway:
    """One gateway: its links and its peers."""

    def __init__(self, name: str, token: str = "a-token") -> None:
        self.name = name
        self.links = GatewayLinks(name, token)
        self.router = Router(scaler=MemoryScaler())
        self.peers = Peers(name, self.router, send=self.links.send)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks.append(asyncio.create_task(self.links.run(self.peers, "127.0.0.1", 0)))
        self._tasks.append(asyncio.create_task(self.peers.run()))
        await until(lambda: self.links.port)

    def meet(self, *others: Gateway) -> None:
        self.links.set_members({o.name: f"127.0.0.1:{o.links.port}" for o in others})
        self.peers.members({o.name for o in others})

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - other tasks send no notification
            await asyncio.sleep(0.005)


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Gateway, Gateway]]:
    one, two = Gateway("one"), Gateway("two")
    await one.start()
    await two.start()
    yield one, two
    await one.close()
    await two.close()


async def test_gateways_exchange_messages(pair: tuple[Gateway, Gateway]) -> None:
    one, two = pair
    one.meet(two)
    two.meet(one)
    await until(lambda: not (one.peers.silent_peers or two.peers.silent_peers))


async def test_reconnects_a_broken_link(pair: tuple[Gateway, Gateway]) -> None:
    one, two = pair
    one.meet(two)
    two.meet(one)
    await until(lambda: not two.peers.silent_peers)
    port = one.links.port
    await one.close()
    again = Gateway("one")
    await again.start()
    assert again.links.port != port
    again.meet(two)
    two.meet(again)
    await until(lambda: not (again.peers.silent_peers or two.peers.silent_peers))
    await again.close()


async def test_rejects_a_gateway_with_a_different_token(pair: tuple[Gateway, Gateway]) -> None:
    one, _ = pair
    stranger = Gateway("two", token="another")
    await stranger.start()
    one.peers.members({"two"})
    stranger.meet(one)
    reader, writer = await asyncio.open_connection("127.0.0.1", one.links.port)
    writer.write(b'{"hello": "two", "proof": "0"}\n{"leaving": true}\n')
    assert await reader.read() == b""
    assert one.peers.silent_peers == ["two"]
    writer.close()
    await stranger.close()


@pytest.mark.parametrize(
    "first", [b"\n", b"[1]\n", b"\xff\n", b'{"hello": 1}\n', b"[" * 50_000 + b"\n"]
)
async def test_closes_a_link_with_an_invalid_hello(
    pair: tuple[Gateway, Gateway], first: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", pair[0].links.port)
    writer.write(first + b"\n")
    assert await reader.read() == b""
    writer.close()


async def test_closes_a_link_with_an_endless_line(pair: tuple[Gateway, Gateway]) -> None:
    """At most one line is held in memory."""
    one, two = pair
    proof = json.dumps({"hello": "two", "proof": two.links._proof("two")}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", one.links.port)
    writer.write(proof + b"\n" + b'{"leaving": ' + b"1" * (3 * MAX_LINE_BYTES))
    rest = b""
    with suppress(ConnectionError):
        rest = await reader.read()
    assert rest == b""
    writer.transport.abort()
