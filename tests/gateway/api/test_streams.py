"""Behaviour that needs a socket: streams, disconnects and raw paths."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import uvicorn
from plat_core.model.build import LogLine
from plat_core.model.function import Function, FunctionSpec, Metadata
from plat_core.model.names import FunctionRef
from plat_core.ports import LogRecord

from tests.gateway.api.conftest import IMAGE, TOKEN, Platform, make_platform

PATIENCE = 30
AUTH = f"Host: plat\r\nAuthorization: Bearer {TOKEN}\r\n"


class Connection:
    """One connection, read line by line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, text: str) -> None:
        self._writer.write(text.encode())
        await self._writer.drain()

    async def until(self, part: str) -> str:
        """The first line that contains `part`."""
        while line := await asyncio.wait_for(self._reader.readline(), PATIENCE):
            if part in line.decode():
                return line.decode()
        raise AssertionError(f"the response ended without {part!r}")

    async def rest(self) -> str:
        return (await asyncio.wait_for(self._reader.read(), PATIENCE)).decode()

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def connected(platform: Platform) -> AsyncIterator[Connection]:
    config = uvicorn.Config(platform.app(), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    task = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield connection
    finally:
        connection.close()
        server.should_exit = True
        await asyncio.wait_for(task, PATIENCE)


@pytest.fixture
async def stored(platform: Platform, orders: FunctionRef) -> FunctionRef:
    function = Function(metadata=Metadata(name="orders"), spec=FunctionSpec(image=IMAGE))
    await platform.store.put(function)
    return orders


async def listeners_become(platform: Platform, count: int) -> None:
    async def become() -> None:
        while platform.store.changes.subscribers != count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    await asyncio.wait_for(become(), PATIENCE)


def record(text: str) -> LogRecord:
    return LogRecord(datetime.now(UTC), "r1", "orders-1", "stdout", text)


async def test_follows_logs_line_by_line(platform: Platform, stored: FunctionRef) -> None:
    platform.logs.add(stored, record("before"))
    async with connected(platform) as connection:
        await connection.send(f"GET /functions/orders/logs?follow=true HTTP/1.1\r\n{AUTH}\r\n")
        await connection.until("before")
        platform.logs.add(stored, record("after"))
        assert json.loads(await connection.until("after"))["text"] == "after"


async def test_events_are_pushed_until_the_client_disconnects(
    platform: Platform, stored: FunctionRef
) -> None:
    async with connected(platform) as connection:
        await connection.send(f"GET /events HTTP/1.1\r\n{AUTH}\r\n")
        await connection.until("event: created")
        await platform.store.delete(stored)
        await connection.until("event: changed")
        assert "deletionTimestamp" in await connection.until("data: ")
        await platform.store.purge(stored)
        await connection.until("event: deleted")
        await listeners_become(platform, 1)
        connection.close()
        await listeners_become(platform, 0)


async def test_events_start_at_once_without_functions() -> None:
    async with connected(make_platform(stream_limit=600.0)) as connection:
        await connection.send(f"GET /events HTTP/1.1\r\n{AUTH}\r\n")
        await connection.until("text/event-stream")
        await connection.until(": heartbeat")


async def test_a_stream_ends_after_its_lifetime() -> None:
    async with connected(make_platform(stream_limit=0.1)) as connection:
        await connection.send(f"GET /events HTTP/1.1\r\n{AUTH}Connection: close\r\n\r\n")
        assert (await connection.rest()).endswith("0\r\n\r\n")


async def test_a_stream_ends_completely_when_the_gateway_stops(platform: Platform) -> None:
    async with connected(platform) as connection:
        await connection.send(f"GET /events HTTP/1.1\r\n{AUTH}Connection: close\r\n\r\n")
        await listeners_become(platform, 1)
        platform.closing.set()
        assert (await connection.rest()).endswith("0\r\n\r\n")


async def test_a_disconnect_ends_the_wait(platform: Platform, stored: FunctionRef) -> None:
    query = "wait=60s&resourceVersion=1"
    async with connected(platform) as connection:
        await connection.send(f"GET /functions/orders?{query} HTTP/1.1\r\n{AUTH}\r\n")
        await listeners_become(platform, 1)
        connection.close()
        await listeners_become(platform, 0)


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
async def test_a_disconnect_cancels_the_build(platform: Platform, accept: str) -> None:
    head = f"Content-Type: application/zip\r\nContent-Length: 2\r\nAccept: {accept}\r\n"
    started = asyncio.Event()
    platform.builds.script = [LogLine(text="begun"), _Announcing(started), asyncio.Event()]
    async with connected(platform) as connection:
        await connection.send(f"POST /build?name=orders HTTP/1.1\r\n{AUTH}{head}\r\nPK")
        await asyncio.wait_for(started.wait(), PATIENCE)
        assert not platform.builds.closed.is_set()
        connection.close()
        await asyncio.wait_for(platform.builds.closed.wait(), PATIENCE)


async def test_build_events_are_sent_as_they_happen(platform: Platform) -> None:
    go_on = asyncio.Event()
    platform.builds.script = [LogLine(text="first"), go_on, LogLine(text="second")]
    head = "Content-Type: application/zip\r\nContent-Length: 2\r\nAccept: application/x-ndjson\r\n"
    async with connected(platform) as connection:
        await connection.send(f"POST /build?name=orders HTTP/1.1\r\n{AUTH}{head}\r\nPK")
        await connection.until("first")
        go_on.set()
        await connection.until("second")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/functions/..", "422"),
        ("/functions/../healthz", "422"),
        ("/functions/;x", "422"),
        ("/functions/a%2f..%2fb", "422"),
        ("//functions/orders", "404"),
        ("/functions/orders/../../healthz", "404"),
    ],
)
async def test_checks_the_path_as_it_was_sent(path: str, status: str) -> None:
    async with connected(make_platform()) as connection:
        await connection.send(f"GET {path} HTTP/1.1\r\n{AUTH}Connection: close\r\n\r\n")
        assert (await connection.rest()).startswith(f"HTTP/1.1 {status}")


class _Announcing(asyncio.Event):
    """Says that it was reached, and lets the script go on."""

    def __init__(self, reached: asyncio.Event) -> None:
        super().__init__()
        self._reached = reached

    async def wait(self) -> Any:
        self._reached.set()
        return True
