"""`python -m plat_controller`: the Function Controller as a process, until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys

import uvloop
from plat_builder import settings as build_settings
from plat_core.errors import PlatError, Unavailable
from plat_core.extras import explain_missing_extra
from plat_core.services.tokens import check_token
from plat_http.fixes import describe

from plat_controller.server import ControllerServer
from plat_controller.settings import ControllerSettings

log = logging.getLogger("plat_controller")

GRACE = 10.0
"""Seconds that calls in flight get when the controller stops."""


def main() -> int:
    """Run until a signal; returns the exit status."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    for chatty in ("httpx", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        settings = ControllerSettings.from_environment(os.environ)
        check_token(settings)
        uvloop.run(_run(settings))
    except PlatError as error:
        fix = f"\n  {describe(error.fix)}" if error.fix else ""
        sys.stderr.write(f"the function controller cannot start: {error.message}{fix}\n")
        return 1
    return 0


async def _run(settings: ControllerSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
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
        try:
            await server.start(host=settings.host, port=settings.port, sock=None)
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            raise Unavailable(f"{where} cannot be listened on: {error.strerror}") from error
        log.info("the function controller serves at %s:%d", settings.host, server.port)
        await stop.wait()
        log.info("the function controller stops; functions run on")
        await server.close(GRACE)


if __name__ == "__main__":
    sys.exit(main())
