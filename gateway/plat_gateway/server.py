"""The gateway's HTTP server: one for functions and for the application.

What `/function/` names goes to the proxy, `/async-function/` to the intake of calls, all else to
the ASGI application; each gets only what the strict grammar let through.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from plat_core.errors import PlatError

from plat_gateway.proxy.bridge import AppExchange, ASGIApp, Lifespan, http_scope
from plat_gateway.proxy.connection import Connection
from plat_gateway.proxy.forwarding import Network, Peer
from plat_gateway.proxy.heads import RequestHead
from plat_gateway.proxy.intake import ASYNC_PREFIX, Intake
from plat_gateway.proxy.limits import Limits
from plat_gateway.proxy.proxy import Proxy
from plat_gateway.proxy.roles import Exchange
from plat_gateway.proxy.targets import PREFIX, check_path

BACKLOG = 2048


class Server:
    """A running server; made by `serve`."""

    def __init__(
        self,
        app: ASGIApp,
        proxy: Proxy,
        *,
        limits: Limits,
        trusted_proxies: Sequence[Network],
        intake: Intake | None = None,
    ) -> None:
        self.limits = limits
        self.draining = False
        self._app = app
        self._proxy = proxy
        self._intake = intake
        self._trusted = trusted_proxies
        self._lifespan = Lifespan(app)
        self._listener: asyncio.Server | None = None
        self.port = 0
        """The port it listens on."""
        self._connections: set[Connection] = set()
        self._emptied = asyncio.Event()
        self._emptied.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, *, host: str, port: int, sock: socket.socket | None) -> None:
        """Start the application, then listen; raises OSError where the address is taken."""
        loop = asyncio.get_running_loop()
        await self._lifespan.startup()

        def new() -> Connection:
            return Connection(self, loop)

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
        """Stop accepting, let calls in flight finish for `grace` seconds, then end the rest."""
        self.draining = True
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._connections):
            connection.drain()
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

    # what a connection asks

    def joined(self, connection: Connection) -> None:
        """A connection was opened; one too many is closed at once."""
        if len(self._connections) >= self.limits.connections:
            connection.transport.abort()
            return
        self._connections.add(connection)
        self._emptied.clear()

    def left(self, connection: Connection) -> None:
        """A connection is gone."""
        self._connections.discard(connection)
        if not self._connections:
            self._emptied.set()

    def peer(self, transport: asyncio.Transport) -> Peer:
        """Who is at the other end."""
        return Peer(transport.get_extra_info("peername"), self._trusted)

    def new_call_id(self) -> bytes:
        """An id for an answer to what is no request."""
        return self._proxy.ids.new()

    def body_limit(self, head: RequestHead) -> int | None:
        """How many bytes the body of this request may have."""
        if head.target.startswith(PREFIX):
            return self.limits.function_body_bytes
        if self._intake is not None and head.target.startswith(ASYNC_PREFIX):
            return self._intake.body_bytes
        return self.limits.body_bytes

    def exchange(self, connection: Connection, head: RequestHead) -> Exchange | None:
        """Who answers this request; None where it has been answered already."""
        if head.target.startswith(PREFIX):
            return self._proxy.exchange(connection, head)
        if self._intake is not None and head.target.startswith(ASYNC_PREFIX):
            return self._intake.exchange(connection, head)
        call_id = self._proxy.ids.of(head.fields.get(b"x-call-id"))
        try:
            check_path(head.target)
        except PlatError as error:
            connection.answer(error, head, call_id)
            return None
        scope = http_scope(connection, head, call_id, self._lifespan.state)
        return AppExchange(self._app, scope, connection, head, call_id, self.limits, self._keep)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def serve(
    app: ASGIApp,
    proxy: Proxy,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    limits: Limits | None = None,
    sock: socket.socket | None = None,
    trusted_proxies: Sequence[Network] = (),
    intake: Intake | None = None,
) -> Server:
    """Start a server; `sock`, bound already, takes the place of `host` and `port`.

    Without `intake`, `/async-function/` is the application's as everything else.

    Raises OSError where the address is taken, RuntimeError where the application does not start.
    """
    server = Server(
        app, proxy, limits=limits or proxy.limits, trusted_proxies=trusted_proxies, intake=intake
    )
    await server.start(host=host, port=port, sock=sock)
    return server
