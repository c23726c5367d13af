"""`python -m plat_gateway`: runs the platform until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from contextlib import AbstractAsyncContextManager

import uvloop
from plat_builder import settings as build_settings
from plat_core.errors import Unavailable
from plat_core.extras import explain_missing_extra
from plat_core.fix import Fix
from plat_core.services.tokens import check_token, check_viewer
from plat_http.processes import PortInUse, bind_socket, run_service

from plat_gateway.lock import HomeLock
from plat_gateway.server import serve
from plat_gateway.settings import GatewaySettings
from plat_gateway.wiring.assembly import GRACE, Platform, assemble
from plat_gateway.wiring.parts import BackendParts

log = logging.getLogger("plat_gateway")


def main() -> int:
    """Run until a signal, and return the exit status."""
    return run_service("plat", _run, runner=uvloop.run)


async def _run(stop: asyncio.Event) -> None:
    settings = GatewaySettings.from_environment(os.environ)
    check_token(settings)
    check_viewer(settings.viewer_token, settings.auth_token)
    lock = HomeLock(settings.home)
    try:
        # bind first: a start that fails because of its port must not touch any function
        address = _bind(settings)
        settings = settings.model_copy(update={"port": address.getsockname()[1]})
        async with _open_parts(settings) as parts, assemble(parts, settings) as platform:
            await _serve(settings, platform, address, lock, stop)
    finally:
        lock.release()


async def _serve(
    settings: GatewaySettings,
    platform: Platform,
    address: socket.socket,
    lock: HomeLock,
    stop: asyncio.Event,
) -> None:
    server = await serve(
        platform.app,
        platform.proxy,
        sock=address,
        trusted_proxies=settings.trusted_proxies,
        async_queue=platform.async_calls,
    )
    lock.describe(settings.url)
    log.info("plat serves at %s", settings.url)
    await stop.wait()
    log.info("plat stops; open calls get %g s to finish", GRACE)
    platform.services.closing.set()
    await server.close(GRACE)


def _bind(settings: GatewaySettings) -> socket.socket:
    """Return the listening socket; an error carries the command that resolves it."""
    try:
        return bind_socket(settings.host, settings.port)
    except PortInUse as error:
        error.fix = Fix("listen-on-port", {"port": str(settings.port + 10)})
        raise
    except Unavailable as error:
        error.fix = Fix("listen-on-loopback")
        raise


def _open_parts(settings: GatewaySettings) -> AbstractAsyncContextManager[BackendParts]:
    # Import only the backend in use: see the docstring of `plat_gateway.wiring`.
    with explain_missing_extra():
        if settings.backend == "docker":
            from plat_gateway.wiring.docker import open_docker

            return open_docker(settings)
        if settings.backend == "kubernetes":
            from plat_gateway.wiring.kubernetes import open_kubernetes

            return open_kubernetes(settings)
    from plat_gateway.wiring.embedded import open_embedded

    building = build_settings.read(os.environ)
    return open_embedded(settings, building, building.network.variables())


if __name__ == "__main__":
    sys.exit(main())
