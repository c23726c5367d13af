"""Services as processes: logging, signals, start-up errors and the listening socket.

Every service's `__main__` uses this module. It imports no web server until one is needed.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from plat_core.errors import PlatError, Unavailable

from plat_http.fixes import describe

if TYPE_CHECKING:
    from starlette.types import ASGIApp

ServiceMain = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""The main coroutine of a service; it returns after the event is set."""
QUIET_LOGGERS = ("httpx", "alembic", "kopf")
"""Loggers that write a line for each request or event."""
BACKLOG = 2048


class PortInUse(Unavailable):
    """Another process listens on the port."""


def run_service(name: str, main: ServiceMain, *, runner: Callable[..., Any] = asyncio.run) -> int:
    """Run a service until SIGTERM or SIGINT, and return its exit status."""
    return run_command(name, lambda: _until_signal(main), runner=runner)


def run_command(
    name: str,
    main: Callable[[], Coroutine[Any, Any, None]],
    *,
    runner: Callable[..., Any] = asyncio.run,
) -> int:
    """Run a coroutine with logging, and return the exit status.

    A `PlatError` is written to standard error with its fix, and the status is 1.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    for logger in QUIET_LOGGERS:
        logging.getLogger(logger).setLevel(logging.WARNING)
    try:
        runner(main())
    except PlatError as error:
        fix = f"\n  {describe(error.fix)}" if error.fix else ""
        sys.stderr.write(f"{name} cannot start: {error.message}{fix}\n")
        return 1
    return 0


async def _until_signal(main: ServiceMain) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await main(stop)


def bind_socket(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address; raise Unavailable or PortInUse."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        # AF_INET sorts before AF_INET6: `localhost` means 127.0.0.1
        family, kind, protocol, _, address = min(addresses, key=lambda one: one[0])
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"port {port} of {host} is in use by another process") from error
        raise Unavailable(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return bound


async def serve_application(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    stop: asyncio.Event,
    grace: int,
    keep_alive: int = 5,
) -> None:
    """Serve an ASGI application with uvicorn until `stop` is set.

    Requests get `grace` seconds to finish. Raise Unavailable or PortInUse.
    """
    import uvicorn

    class UvicornServer(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            # `run_service` handles signals; uvicorn would raise them again at its end, which
            # kills the process before its context managers exit
            yield

    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        access_log=False,
        server_header=False,
        log_config=None,
        backlog=BACKLOG,
        timeout_keep_alive=keep_alive,
        timeout_graceful_shutdown=grace,
    )
    server = UvicornServer(config)

    async def exit_when_stopped() -> None:
        await stop.wait()
        server.should_exit = True

    with bind_socket(host, port) as bound:
        watcher = asyncio.create_task(exit_when_stopped())
        try:
            await server.serve(sockets=[bound])
        finally:
            watcher.cancel()
