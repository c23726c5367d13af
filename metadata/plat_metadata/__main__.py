"""`python -m plat_metadata`: runs the Metadata Service until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from plat_core.services.tokens import check_token, check_viewer
from plat_http.processes import run_service, serve_application

from plat_metadata import wiring
from plat_metadata.settings import MetadataSettings

log = logging.getLogger("plat_metadata")

GRACE = 5
"""Seconds for open requests to finish when the service stops."""


def main() -> int:
    """Run until a signal, and return the exit status."""
    return run_service("the metadata service", _run)


async def _run(stop: asyncio.Event) -> None:
    settings = MetadataSettings.from_environment(os.environ)
    check_token(settings)
    check_viewer(settings.viewer_token, settings.auth_token)
    async with wiring.service(settings) as app:
        log.info("the metadata service serves at %s:%d", settings.host, settings.port)
        await serve_application(app, host=settings.host, port=settings.port, stop=stop, grace=GRACE)


if __name__ == "__main__":
    sys.exit(main())
