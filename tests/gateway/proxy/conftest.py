"""A gateway on a free port with scripted functions as upstreams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvloop
from plat_backends.memory import MemoryCallStore
from plat_core.errors import FunctionNotFound, PlatError, TooManyAttempts, Unauthenticated
from plat_core.model.calls import OVER, Call
from plat_core.model.names import FunctionRef
from plat_core.ports import CallStore, Route
from plat_core.services.async_calls import AsyncCalls, CallPolicy
from plat_core.services.dispatcher import Dispatcher, capacity_of
from plat_core.services.router import Router
from plat_gateway.proxy.asgi import ASGIApp
from plat_gateway.proxy.async_queue import AsyncCallQueue
from plat_gateway.proxy.call_records import CallRecord
from plat_gateway.proxy.in_process_client import InProcessClient
from plat_gateway.proxy.limits import HttpLimits
from plat_gateway.proxy.proxy import FunctionProxy
from plat_gateway.server import Server, serve

from tests.route_fixtures import make_route

PATIENCE = 20.0
"""Timeout of every wait, in seconds."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Script = Callable[["RawConnection"], Awaitable[None]]


class RawConnection:
    """One raw connection, of a client or to a function."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.closed = asyncio.Event()

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def body(self, size: int) -> bytes:
        return await self.reader.readexactly(size)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until_closed(self) -> None:
        """Read until the gateway closes or resets the connection."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                continue
        self.closed.set()

    def abort(self) -> None:
        self.writer.transport.abort()


@dataclass
class Function:
    """A function that runs a script for each connection, and records its connections."""

    name: str
    address: str
    script: Script
    connections: list[RawConnection] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    running: set[asyncio.Task[None] | None] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = RawConnection(reader, writer)
        self.connections.append(connection)
        self.reached.set()
        self.running.add(task := asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self.script(connection)
        writer.close()
        self.running.discard(task)

    async def end(self) -> None:
        """Close all connections."""
        for connection in self.connections:
            connection.abort()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(task for task in self.running if task), return_exceptions=True)


class FakeScaler:
    """Records scale requests; `requested` is set by the first."""

    def __init__(self) -> None:
        self.requests: list[tuple[FunctionRef, int]] = []
        self.requested = asyncio.Event()
        self.error: Exception | None = None

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        self.requests.append((ref, replicas))
        self.requested.set()
        if self.error is not None:
            raise self.error


def authorize(authorization: bytes | None, address: str) -> PlatError | None:
    if authorization == b"Bearer secret":
        return None
    if authorization == b"Bearer again":
        return TooManyAttempts(f"enough from {address}", retry_after=7.2)
    return Unauthenticated(f"no token from {address}")


class Gateway:
    """The server under test and its collaborators."""

    queue: Queue

    def __init__(self, server: Server, router: Router, scaler: FakeScaler, folder: Path) -> None:
        self.server = server
        self.router = router
        self.scaler = scaler
        self.records: list[CallRecord] = []
        self._folder = folder
        self._stack = AsyncExitStack()
        self._functions = 0

    async def function(self, script: Script, **route: object) -> Function:
        """Start a function with one replica; `route` overrides fields of its Route."""
        self._functions += 1
        name = str(route.pop("name", f"f{self._functions}"))
        path = self._folder / f"{self._functions}.sock"
        function = Function(name, f"unix:{path}", script)
        listener = await asyncio.start_unix_server(function.serve, path)
        self._stack.push_async_callback(function.end)
        self._stack.callback(listener.close)
        self.route(name, function.address, **route)
        return function

    def route(self, name: str, *addresses: str, **changes: object) -> Route:
        """Give the router a function at these addresses."""
        defaults = {"timeout": PATIENCE, "access": "public"}
        route = make_route(name, *addresses, **(defaults | changes))
        self.router.apply(route)
        return route

    def add_cleanup(self, close: Callable[[], Awaitable[None]]) -> None:
        """Register `close` to run before the functions end."""
        self._stack.push_async_callback(close)

    async def connect(self) -> RawConnection:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, limit=2**22)
        client = RawConnection(reader, writer)
        self._stack.callback(client.abort)
        return client

    async def exchange(self, request: bytes) -> bytes:
        """Send bytes and return all bytes until the gateway closes the connection."""
        client = await self.connect()
        client.writer.write(request)
        async with asyncio.timeout(PATIENCE):
            return await client.reader.read(-1)

    async def get(self, path: str, *lines: str, method: str = "GET") -> bytes:
        """Send one request with `Connection: close` and return the response."""
        head = "".join(f"{line}\r\n" for line in ("Host: x", "Connection: close", *lines))
        return await self.exchange(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())

    def in_flight(self, name: str) -> int:
        return next(s.in_flight for s in self.router.samples() if s.route.ref.name == name)

    async def until_idle(self, name: str) -> None:
        """Wait until no call of the function is in flight."""
        async with asyncio.timeout(PATIENCE):
            while self.in_flight(name):  # noqa: ASYNC110 - the count has no notification
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        await self.server.close(0.0)
        await self._stack.aclose()


async def reject_everything(scope: object, receive: object, send: object) -> None:
    """An application that must not be reached."""
    raise FunctionNotFound("the application was requests")


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Return the event loop of the gateway."""
    return {"uvloop": uvloop.new_event_loop}


class Queue:
    """The asynchronous calls of a gateway."""

    def __init__(
        self, proxy: FunctionProxy, store: CallStore, policy: CallPolicy, responses: int
    ) -> None:
        self.store = store
        self.calls = AsyncCalls(store, policy=policy)
        self.missing: set[FunctionRef] = set()
        self.dispatcher = Dispatcher(
            store,
            self.calls,
            send=InProcessClient(proxy, max_response_bytes=responses).send,
            capacity=lambda ref, sent: (
                capacity_of(entry, sent) if (entry := proxy.router.lookup(ref.segment)) else None
            ),
            exists=self._exists,
            policy=policy,
            alone=False,
        )

    async def _exists(self, ref: FunctionRef) -> bool:
        return ref not in self.missing

    def start(self) -> None:
        self.task = asyncio.ensure_future(self.dispatcher.run())

    async def over(self, call_id: str) -> Call:
        """Return the call once it is finished."""
        call = await self.calls.get(call_id, within=PATIENCE)
        assert call.state in OVER, call
        return call

    async def close(self) -> None:
        await self.dispatcher.close(0.0)
        await self.task


MakeGateway = Callable[..., Awaitable[Gateway]]


@pytest.fixture
async def make_gateway(tmp_path: Path) -> AsyncIterator[MakeGateway]:
    async with AsyncExitStack() as stack:

        async def make(
            *,
            app: ASGIApp = reject_everything,
            limits: HttpLimits | None = None,
            trusted: tuple[object, ...] = (),
            origins: tuple[str, ...] = (),
            notices: dict[str, bytes] | None = None,
            calls: CallPolicy | None = None,
            store: CallStore | None = None,
            max_body_bytes: int = 1000,
        ) -> Gateway:
            scaler, records = FakeScaler(), []
            router = Router(scaler=scaler)
            proxy = FunctionProxy(
                router,
                authorize=authorize,
                limits=limits,
                origins=origins,
                on_call=records.append,
                notices=notices,
            )
            queue = (
                Queue(proxy, store or MemoryCallStore(), calls, max_body_bytes) if calls else None
            )
            accept = queue.calls.accept if queue else None
            async_queue = AsyncCallQueue(proxy, accept, max_body_bytes=max_body_bytes)
            server = await serve(
                app, proxy, port=0, trusted_proxies=trusted, async_queue=async_queue
            )  # type: ignore[arg-type]
            gateway = Gateway(server, router, scaler, tmp_path)
            if queue is not None:
                gateway.queue = queue
                queue.start()
                gateway.add_cleanup(queue.close)
            gateway.records = records
            stack.push_async_callback(gateway.close)
            return gateway

        yield make


@pytest.fixture
async def gateway(make_gateway: MakeGateway) -> Gateway:
    return await make_gateway()


def echo_head() -> Script:
    """Return a script that responds with the head of each request."""

    async def script(connection: RawConnection) -> None:
        while head := await connection.head():
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(head))
            await connection.send(head)

    return script


def respond_with(response: bytes, *, body: int = 0) -> Script:
    """Return a script with a fixed response; each request has a body of `body` bytes."""

    async def script(connection: RawConnection) -> None:
        while await connection.head():
            await connection.body(body)
            await connection.send(response)

    return script
