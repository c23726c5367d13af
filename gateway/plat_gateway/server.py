"""The gateway's HTTP server: one for functions and for the application.

Requests under `/function/` go to the proxy, those under `/async-function/` to the queue of
asynchronous calls, and all others to the ASGI application. Each has passed the strict parser.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from plat_core.errors import PlatError

from plat_gateway.proxy.asgi import ASGIApp, AsgiExchange, Lifespan, http_scope
from plat_gateway.proxy.async_queue import ASYNC_PREFIX, AsyncCallQueue
from plat_gateway.proxy.connection import ClientConnection
from plat_gateway.proxy.forwarding import ClientPeer, Network
from plat_gateway.proxy.http_parser import RequestHead
from plat_gateway.proxy.limits import HttpLimits
from plat_gateway.proxy.paths import PREFIX, check_path
from plat_gateway.proxy.protocols import Exchange
from plat_gateway.proxy.proxy import FunctionProxy

BACKLOG = 2048


class Server:
    """A running server, created by `serve`."""

    def __init__(
        self,
        app: ASGIApp,
        proxy: FunctionProxy,
        *,
        limits: HttpLimits,
        trusted_proxies: Sequence[Network],
        async_queue: AsyncCallQueue | None = None,
    ) -> None:
        self.limits = limits
        self.draining = False
        self._app = app
        self._proxy = proxy
        self._async_queue = async_queue
        self._trusted = trusted_proxies
        self._lifespan = Lifespan(app)
        self._listener: asyncio.Server | None = None
        self.port = 0
        """Port that the server listens on."""
        self._connections: set[ClientConnection] = set()
        self._emptied = asyncio.Event()
        self._emptied.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, *, host: str, port: int, sock: socket.socket | None) -> None:
        """Start the application, then listen; raise OSError if the address is in use."""
        loop = asyncio.get_running_loop()
        await self._lifespan.startup()

        def new() -> ClientConnection:
            return ClientConnection(self, loop)

        try:
            if sock is None:
                self._listener = await loop.create_server(new, host, port, backlog=BACKLOG)
            else:
                self._listener = await loop.create_server(new, sock=sock, backlog=BACKLOG)
        except OSError:
            await self._lifespan.shutdown()
            raise
        self.port = int(self._listener.sockets[0].getsockname()[1])

    async def close(self, grace: float = 30.0) -> None:
        """Stop accepting, wait `grace` seconds for calls in flight, then abort the others."""
        self.draining = True
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._connections):
            connection.shut_down()
        try:
            async with asyncio.timeout(grace):
                await self._emptied.wait()
        except TimeoutError:
            for connection in list(self._connections):
                connection.transport.abort()
            await self._emptied.wait()
        await self._end_tasks()
        self._proxy.pools.close()
        await self._lifespan.shutdown()

    async def _end_tasks(self) -> None:
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=1.0)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    # called by connections

    def connection_opened(self, connection: ClientConnection) -> None:
        """Register a connection, or close it if there are too many."""
        if len(self._connections) >= self.limits.connections:
            connection.transport.abort()
            return
        self._connections.add(connection)
        self._emptied.clear()

    def connection_closed(self, connection: ClientConnection) -> None:
        """Remove a connection."""
        self._connections.discard(connection)
        if not self._connections:
            self._emptied.set()

    def peer(self, transport: asyncio.Transport) -> ClientPeer:
        """Return the client's end of the connection."""
        return ClientPeer(transport.get_extra_info("peername"), self._trusted)

    def new_call_id(self) -> bytes:
        """Return an id for the response to a malformed request."""
        return self._proxy.ids.new()

    def max_body_bytes(self, head: RequestHead) -> int | None:
        """Return the limit of this request's body; None for no limit."""
        if head.target.startswith(PREFIX):
            return self.limits.function_body_bytes
        if self._async_queue is not None and head.target.startswith(ASYNC_PREFIX):
            return self._async_queue.max_body_bytes
        return self.limits.body_bytes

    def create_exchange(self, connection: ClientConnection, head: RequestHead) -> Exchange | None:
        """Return the exchange for a request; None if the response has been sent."""
        if head.target.startswith(PREFIX):
            return self._proxy.create_exchange(connection, head)
        if self._async_queue is not None and head.target.startswith(ASYNC_PREFIX):
            return self._async_queue.create_exchange(connection, head)
        call_id = self._proxy.ids.accept(head.fields.get(b"x-call-id"))
        try:
            check_path(head.target)
        except PlatError as error:
            connection.send_error(error, head, call_id)
            return None
        scope = http_scope(connection, head, call_id, self._lifespan.state)
        return AsgiExchange(self._app, scope, connection, head, call_id, self.limits, self._keep)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def serve(
    app: ASGIApp,
    proxy: FunctionProxy,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    limits: HttpLimits | None = None,
    sock: socket.socket | None = None,
    trusted_proxies: Sequence[Network] = (),
    async_queue: AsyncCallQueue | None = None,
) -> Server:
    """Start a server on `host` and `port`, or on the bound socket `sock`.

    Without `async_queue`, the application handles `/async-function/`. Raise OSError if the address
    is in use, and RuntimeError if the application does not start.
    """
    server = Server(
        app,
        proxy,
        limits=limits or proxy.limits,
        trusted_proxies=trusted_proxies,
        async_queue=async_queue,
    )
    await server.start(host=host, port=port, sock=sock)
    return server
