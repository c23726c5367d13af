"""`python -m plat_gateway`: the platform as a process, until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from contextlib import AbstractAsyncContextManager, ExitStack

import uvloop
from plat_builder import settings as build_settings
from plat_core.errors import PlatError, Unavailable
from plat_core.extras import explain_missing_extra
from plat_core.fix import Fix
from plat_core.services.tokens import check_token, check_viewer
from plat_http.fixes import describe

from plat_gateway.lock import HomeLock
from plat_gateway.server import serve
from plat_gateway.settings import GatewaySettings
from plat_gateway.wiring.parts import GRACE, Platform

log = logging.getLogger("plat_gateway")


def main() -> int:
    """Run until a signal; returns the exit status."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    for chatty in ("httpx", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        settings = GatewaySettings.from_environment(os.environ)
        check_token(settings)
        check_viewer(settings.viewer_token, settings.auth_token)
        with ExitStack() as stack:
            lock = HomeLock(settings.home)
            stack.callback(lock.release)
            uvloop.run(_run(settings, lock))
    except PlatError as error:
        fix = f"\n  {describe(error.fix)}" if error.fix else ""
        sys.stderr.write(f"plat cannot start: {error.message}{fix}\n")
        return 1
    return 0


async def _run(settings: GatewaySettings, lock: HomeLock) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # taken before anything else: a start that fails for it touches no function
    address = _bind(settings)
    settings = settings.model_copy(update={"port": address.getsockname()[1]})
    async with _platform(settings) as platform:
        server = await serve(
            platform.app,
            platform.proxy,
            sock=address,
            trusted_proxies=settings.trusted_proxies,
            async_queue=platform.intake,
        )
        lock.tell(settings.url)
        log.info("plat serves at %s", settings.url)
        await stop.wait()
        log.info("plat stops; calls in flight have %g s", GRACE)
        platform.services.closing.set()
        await server.close(GRACE)


def _bind(settings: GatewaySettings) -> socket.socket:
    """The address to listen on, taken; raises Unavailable where it cannot be had."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = min(found, key=lambda one: one[0])
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        raise _cannot_listen(settings, error) from error
    return bound


def _platform(settings: GatewaySettings) -> AbstractAsyncContextManager[Platform]:
    # Import only the backend in use: see the docstring of `plat_gateway.wiring`.
    with explain_missing_extra():
        if settings.backend == "docker":
            from plat_gateway.wiring.docker import docker

            return docker(settings)
        if settings.backend == "kubernetes":
            from plat_gateway.wiring.kubernetes import kubernetes

            return kubernetes(settings)
    from plat_gateway.wiring.embedded import embedded

    building = build_settings.read(os.environ)
    return embedded(settings, building, building.network.variables())


def _cannot_listen(settings: GatewaySettings, error: OSError) -> PlatError:
    where = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return Unavailable(
            f"port {settings.port} of {settings.host} is taken by another process",
            fix=Fix("listen-on-port", {"port": str(settings.port + 10)}),
        )
    return Unavailable(
        f"{where} cannot be listened on: {error.strerror}", fix=Fix("listen-on-loopback")
    )


if __name__ == "__main__":
    sys.exit(main())
