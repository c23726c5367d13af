"""A gateway on a free port with scripted functions behind it."""

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
"""Seconds after which something that should have happened is said not to have."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Script = Callable[["Conversation"], Awaitable[None]]


class Conversation:
    """One connection that the gateway opened to a function."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.closed = asyncio.Event()

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def body(self, size: int) -> bytes:
        return await self.reader.readexactly(size)

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until_closed(self) -> None:
        """Read on until the gateway closes or resets the connection."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                continue
        self.closed.set()

    def die(self) -> None:
        self.writer.transport.abort()


@dataclass
class Function:
    """A function that does what its script says; it remembers who called."""

    name: str
    address: str
    script: Script
    connections: list[Conversation] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    running: set[asyncio.Task[None] | None] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = Conversation(reader, writer)
        self.connections.append(conversation)
        self.reached.set()
        self.running.add(task := asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self.script(conversation)
        writer.close()
        self.running.discard(task)

    async def end(self) -> None:
        """Close what is still open."""
        for conversation in self.connections:
            conversation.die()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(task for task in self.running if task), return_exceptions=True)


class FakeScaler:
    """Remembers what it was asked for; `woken` says that it was."""

    def __init__(self) -> None:
        self.asked: list[tuple[FunctionRef, int]] = []
        self.woken = asyncio.Event()
        self.error: Exception | None = None

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        self.asked.append((ref, replicas))
        self.woken.set()
        if self.error is not None:
            raise self.error


def admit(authorization: bytes | None, address: str) -> PlatError | None:
    if authorization == b"Bearer secret":
        return None
    if authorization == b"Bearer again":
        return TooManyAttempts(f"enough from {address}", retry_after=7.2)
    return Unauthenticated(f"no token from {address}")


class Gateway:
    """The server under test and what is around it."""

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
        """A function of one replica; `route` overrides fields of its Route."""
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
        """Tell the router of a function at these addresses."""
        defaults = {"timeout": PATIENCE, "access": "public"}
        route = make_route(name, *addresses, **(defaults | changes))
        self.router.apply(route)
        return route

    def afterwards(self, close: Callable[[], Awaitable[None]]) -> None:
        """Close this too, before the functions."""
        self._stack.push_async_callback(close)

    async def connect(self) -> Conversation:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, limit=2**22)
        caller = Conversation(reader, writer)
        self._stack.callback(caller.die)
        return caller

    async def exchange(self, request: bytes) -> bytes:
        """Everything that comes back until the gateway closes the connection."""
        caller = await self.connect()
        caller.writer.write(request)
        async with asyncio.timeout(PATIENCE):
            return await caller.reader.read(-1)

    async def get(self, path: str, *lines: str, method: str = "GET") -> bytes:
        """One request that asks for the connection to be closed."""
        head = "".join(f"{line}\r\n" for line in ("Host: x", "Connection: close", *lines))
        return await self.exchange(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())

    def in_flight(self, name: str) -> int:
        return next(s.in_flight for s in self.router.samples() if s.route.ref.name == name)

    async def until_idle(self, name: str) -> None:
        """Wait until no call of the function is in flight."""
        async with asyncio.timeout(PATIENCE):
            while self.in_flight(name):  # noqa: ASYNC110 - the count tells nobody
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        await self.server.close(0.0)
        await self._stack.aclose()


async def refuse_everything(scope: object, receive: object, send: object) -> None:
    """An application that must not be reached."""
    raise FunctionNotFound("the application was asked")


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the gateway runs on."""
    return {"uvloop": uvloop.new_event_loop}


class Queue:
    """The asynchronous calls of a gateway, sent as fast as they come."""

    def __init__(
        self, proxy: FunctionProxy, store: CallStore, policy: CallPolicy, answers: int
    ) -> None:
        self.store = store
        self.calls = AsyncCalls(store, policy=policy)
        self.missing: set[FunctionRef] = set()
        self.dispatcher = Dispatcher(
            store,
            self.calls,
            send=InProcessClient(proxy, max_response_bytes=answers).send,
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
        """The call, once it is over."""
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
            app: ASGIApp = refuse_everything,
            limits: HttpLimits | None = None,
            trusted: tuple[object, ...] = (),
            origins: tuple[str, ...] = (),
            notices: dict[str, bytes] | None = None,
            calls: CallPolicy | None = None,
            store: CallStore | None = None,
            bodies: int = 1000,
        ) -> Gateway:
            scaler, records = FakeScaler(), []
            router = Router(scaler=scaler)
            proxy = FunctionProxy(
                router,
                authorize=admit,
                limits=limits,
                origins=origins,
                on_call=records.append,
                notices=notices,
            )
            queue = Queue(proxy, store or MemoryCallStore(), calls, bodies) if calls else None
            door = queue.calls.accept if queue else None
            intake = AsyncCallQueue(proxy, door, max_body_bytes=bodies)
            server = await serve(app, proxy, port=0, trusted_proxies=trusted, async_queue=intake)  # type: ignore[arg-type]
            gateway = Gateway(server, router, scaler, tmp_path)
            if queue is not None:
                gateway.queue = queue
                queue.start()
                gateway.afterwards(queue.close)
            gateway.records = records
            stack.push_async_callback(gateway.close)
            return gateway

        yield make


@pytest.fixture
async def gateway(make_gateway: MakeGateway) -> Gateway:
    return await make_gateway()


def echo_head() -> Script:
    """A function that answers every request with the head it was sent."""

    async def script(conversation: Conversation) -> None:
        while head := await conversation.head():
            await conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(head))
            await conversation.say(head)

    return script


def answering(answer: bytes, *, body: int = 0) -> Script:
    """A function that gives the same answer to every request, whose body has `body` bytes."""

    async def script(conversation: Conversation) -> None:
        while await conversation.head():
            await conversation.body(body)
            await conversation.say(answer)

    return script
