"""Connections to replicas, kept open and used again, the latest first."""

from __future__ import annotations

import asyncio
import time
from typing import Final, Protocol, cast

from plat_gateway.proxy.heads import ResponseHead

IDLE_SECONDS: Final = 30.0
"""How long an unused connection is kept: less than the 60 s for which a runtime keeps it."""
IDLE_CONNECTIONS: Final = 256
"""How many unused connections to one replica are kept."""
DIAL_SECONDS: Final = 3.0


class Caller(Protocol):
    """Who uses a connection for one request."""

    def answer_received(self, data: bytes) -> None:
        """Bytes of the answer."""

    def upstream_lost(self, error: Exception | None) -> None:
        """The connection is gone; `error` is None after a clean end."""

    def upstream_full(self) -> None:
        """The replica reads slower than is written to it."""

    def upstream_drained(self) -> None:
        """It may be written to again."""


class Upstream(asyncio.Protocol):
    """One connection to a replica, in use by one caller at a time."""

    __slots__ = ("_pool", "caller", "idle_since", "known", "reused", "transport")

    transport: asyncio.Transport

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.caller: Caller | None = None
        self.known: ResponseHead | None = None
        """The head of the answer before, which the next one may repeat."""
        self.reused = False
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The replica took the connection."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Pass on what the replica says."""
        if self.caller is None:
            # bytes that nobody asked for would be taken for the next call's answer
            self.transport.abort()
        else:
            self.caller.answer_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        caller, self.caller = self.caller, None
        if caller is None:
            self._pool.forget(self)
        else:
            caller.upstream_lost(exc)

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        if self.caller is not None:
            self.caller.upstream_full()

    def resume_writing(self) -> None:
        """The transport's buffer is nearly empty."""
        if self.caller is not None:
            self.caller.upstream_drained()

    def release(self) -> None:
        """The call is over and the connection clean: keep it for another."""
        self.caller = None
        self._pool.keep(self)

    def drop(self, *, flush: bool = False) -> None:
        """Close, at once or when all is sent; the caller hears no more of it."""
        self.caller = None
        if flush:
            self.transport.close()
        else:
            self.transport.abort()


class Pool:
    """The unused connections to one address."""

    __slots__ = ("_address", "idle")

    def __init__(self, address: str) -> None:
        self._address = address
        self.idle: list[Upstream] = []

    def take(self) -> Upstream | None:
        """The connection that was used last; None where there is none."""
        while self.idle:
            upstream = self.idle.pop()
            if not upstream.transport.is_closing():
                upstream.reused = True
                return upstream
        return None

    def keep(self, upstream: Upstream) -> None:
        """Keep a connection, unless there are many."""
        if len(self.idle) >= IDLE_CONNECTIONS or upstream.transport.is_closing():
            upstream.transport.close()
            return
        upstream.idle_since = time.monotonic()
        self.idle.append(upstream)

    def forget(self, upstream: Upstream) -> None:
        """It was closed from the other side."""
        if upstream in self.idle:
            self.idle.remove(upstream)

    def close_older(self, moment: float) -> None:
        """Close what was last used before `moment`."""
        kept = [upstream for upstream in self.idle if upstream.idle_since >= moment]
        old, self.idle = self.idle[: len(self.idle) - len(kept)], kept
        for upstream in old:
            upstream.transport.close()

    async def dial(self) -> Upstream:
        """Open a connection; raises OSError (TimeoutError is one)."""
        loop = asyncio.get_running_loop()
        kind, _, where = self._address.partition(":")
        async with asyncio.timeout(DIAL_SECONDS):
            if kind == "unix":
                _, upstream = await loop.create_unix_connection(lambda: Upstream(self), where)
            else:
                host, _, port = where.rpartition(":")
                _, upstream = await loop.create_connection(
                    lambda: Upstream(self), host.strip("[]"), int(port)
                )
        return upstream


class Pools:
    """A pool for each address, and the one timer that closes what was unused for long."""

    def __init__(self) -> None:
        self._pools: dict[str, Pool] = {}
        self._timer: asyncio.TimerHandle | None = None

    def of(self, address: str) -> Pool:
        """The pool of an address: `unix:/path`, `tcp:host:port`."""
        pool = self._pools.get(address)
        if pool is None:
            pool = self._pools[address] = Pool(address)
            if self._timer is None:
                self._arm()
        return pool

    def close(self) -> None:
        """Close every unused connection."""
        if self._timer is not None:
            self._timer.cancel()
        for pool in self._pools.values():
            pool.close_older(float("inf"))
        self._pools.clear()

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(IDLE_SECONDS / 4, self._sweep) if self._pools else None

    def _sweep(self) -> None:
        for address, pool in list(self._pools.items()):
            pool.close_older(time.monotonic() - IDLE_SECONDS)
            if not pool.idle:
                del self._pools[address]
        self._arm()
