"""Open connections to replicas, which are reused in last-in, first-out order."""

from __future__ import annotations

import asyncio
import time
from typing import Final, Protocol, cast

from plat_gateway.proxy.http_parser import ResponseHead

IDLE_SECONDS: Final = 30.0
"""Time after which an idle connection is closed: less than the 60 s of the runtimes."""
MAX_IDLE_CONNECTIONS: Final = 256
"""Idle connections that are kept for one replica."""
CONNECT_TIMEOUT: Final = 3.0


class ResponseReceiver(Protocol):
    """User of an upstream connection for one request."""

    def response_received(self, data: bytes) -> None:
        """Receive bytes of the response."""

    def upstream_lost(self, error: Exception | None) -> None:
        """Receive the end of the connection; `error` is None after a clean end."""

    def pause_sending(self) -> None:
        """Stop sending: the replica reads more slowly than the request arrives."""

    def resume_sending(self) -> None:
        """Continue to send."""


class UpstreamConnection(asyncio.Protocol):
    """One connection to a replica, used for one request at a time.

    `last_head` is the head of the latest response. Most responses repeat its bytes, which saves
    parsing them.
    """

    __slots__ = (
        "_pool",
        "_reading",
        "idle_since",
        "last_head",
        "receiver",
        "reused",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._reading = True
        self.receiver: ResponseReceiver | None = None
        self.last_head: ResponseHead | None = None
        self.reused = False
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Pass bytes to the receiver."""
        if self.receiver is None:
            # the next call would mistake unrequested bytes for its response
            self.transport.abort()
        else:
            self.receiver.response_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Notify the receiver, or leave the pool."""
        receiver, self.receiver = self.receiver, None
        if receiver is None:
            self._pool.remove(self)
        else:
            receiver.upstream_lost(exc)

    def pause_writing(self) -> None:
        """Notify the receiver that the transport's buffer is full."""
        if self.receiver is not None:
            self.receiver.pause_sending()

    def resume_writing(self) -> None:
        """Notify the receiver that the transport's buffer has drained."""
        if self.receiver is not None:
            self.receiver.resume_sending()

    def pause_reading(self) -> None:
        """Stop reading the response."""
        if self._reading and not self.transport.is_closing():
            self._reading = False
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Continue to read the response."""
        if not self._reading and not self.transport.is_closing():
            self._reading = True
            self.transport.resume_reading()

    @property
    def is_reusable(self) -> bool:
        """Whether the latest response lets the connection stay open."""
        return self.last_head is not None and self.last_head.keep_alive

    def release(self) -> None:
        """Return the connection to the pool after a complete response."""
        self.receiver = None
        if not self._reading:
            self.resume_reading()
        self._pool.put(self)

    def drop(self, *, flush: bool = False) -> None:
        """Close the connection without notifying the receiver; `flush` sends the buffer first."""
        self.receiver = None
        if flush:
            self.transport.close()
        else:
            self.transport.abort()


class ConnectionPool:
    """The idle connections to one address."""

    __slots__ = ("_address", "idle")

    def __init__(self, address: str) -> None:
        self._address = address
        self.idle: list[UpstreamConnection] = []

    def acquire(self) -> UpstreamConnection | None:
        """Return the connection that was used last; None if there is no idle one."""
        while self.idle:
            upstream = self.idle.pop()
            if not upstream.transport.is_closing():
                upstream.reused = True
                return upstream
        return None

    def put(self, upstream: UpstreamConnection) -> None:
        """Add an idle connection, or close it if the pool is full."""
        if len(self.idle) >= MAX_IDLE_CONNECTIONS or upstream.transport.is_closing():
            upstream.transport.close()
            return
        upstream.idle_since = time.monotonic()
        self.idle.append(upstream)

    def remove(self, upstream: UpstreamConnection) -> None:
        """Remove a connection that the replica closed."""
        if upstream in self.idle:
            self.idle.remove(upstream)

    def close_idle_before(self, moment: float) -> None:
        """Close the connections that were last used before `moment`."""
        kept = [upstream for upstream in self.idle if upstream.idle_since >= moment]
        old, self.idle = self.idle[: len(self.idle) - len(kept)], kept
        for upstream in old:
            upstream.transport.close()

    async def connect(self) -> UpstreamConnection:
        """Open a connection; raise OSError (TimeoutError is one)."""
        loop = asyncio.get_running_loop()
        kind, _, location = self._address.partition(":")
        async with asyncio.timeout(CONNECT_TIMEOUT):
            if kind == "unix":
                _, upstream = await loop.create_unix_connection(
                    lambda: UpstreamConnection(self), location
                )
            else:
                host, _, port = location.rpartition(":")
                _, upstream = await loop.create_connection(
                    lambda: UpstreamConnection(self), host.strip("[]"), int(port)
                )
        return upstream


class ConnectionPools:
    """One pool per address, and the timer that closes idle connections."""

    def __init__(self) -> None:
        self._pools: dict[str, ConnectionPool] = {}
        self._timer: asyncio.TimerHandle | None = None

    def of(self, address: str) -> ConnectionPool:
        """Return the pool of an address: `unix:/path` or `tcp:host:port`."""
        pool = self._pools.get(address)
        if pool is None:
            pool = self._pools[address] = ConnectionPool(address)
            if self._timer is None:
                self._start_timer()
        return pool

    def close(self) -> None:
        """Close every idle connection."""
        if self._timer is not None:
            self._timer.cancel()
        for pool in self._pools.values():
            pool.close_idle_before(float("inf"))
        self._pools.clear()

    def _start_timer(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(IDLE_SECONDS / 4, self._sweep) if self._pools else None

    def _sweep(self) -> None:
        for address, pool in list(self._pools.items()):
            pool.close_idle_before(time.monotonic() - IDLE_SECONDS)
            if not pool.idle:
                del self._pools[address]
        self._start_timer()
