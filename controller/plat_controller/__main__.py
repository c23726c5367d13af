"""`python -m plat_controller`: runs the Function Controller until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

import uvloop
from plat_builder import settings as build_settings
from plat_core.extras import explain_missing_extra
from plat_core.services.tokens import check_token
from plat_http.processes import bind_socket, run_service

from plat_controller.server import ControllerServer
from plat_controller.settings import ControllerSettings

log = logging.getLogger("plat_controller")

GRACE = 10.0
"""Seconds for open calls to finish when the controller stops."""


def main() -> int:
    """Run until a signal, and return the exit status."""
    return run_service("the function controller", _run, runner=uvloop.run)


async def _run(stop: asyncio.Event) -> None:
    settings = ControllerSettings.from_environment(os.environ)
    check_token(settings)
    network = build_settings.read(os.environ).network.variables()
    with explain_missing_extra():
        from plat_controller import wiring
    async with wiring.docker(settings, network) as platform:
        server = ControllerServer(
            platform.app,
            platform.proxy,
            limits=platform.proxy.limits,
            trusted_proxies=settings.trusted_proxies,
        )
        address = bind_socket(settings.host, settings.port)
        await server.start(host=settings.host, port=settings.port, sock=address)
        log.info("the function controller serves at %s:%d", settings.host, server.port)
        await stop.wait()
        log.info("the function controller stops; functions keep running")
        await server.close(GRACE)


if __name__ == "__main__":
    sys.exit(main())
