"""`python -m plat_metadata`: the Metadata Service as a process, until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

import uvicorn
from plat_core.errors import PlatError
from plat_core.services.tokens import check_token, check_viewer
from plat_http.fixes import describe

from plat_metadata import wiring
from plat_metadata.settings import MetadataSettings

log = logging.getLogger("plat_metadata")

GRACE = 5
"""Seconds that answers under way get when the service stops."""


def main() -> int:
    """Run until a signal; returns the exit status."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = MetadataSettings.from_environment(os.environ)
        check_token(settings)
        check_viewer(settings.viewer_token, settings.auth_token)
        asyncio.run(_serve(settings))
    except PlatError as error:
        fix = f"\n  {describe(error.fix)}" if error.fix else ""
        sys.stderr.write(f"the metadata service cannot start: {error.message}{fix}\n")
        return 1
    return 0


async def _serve(settings: MetadataSettings) -> None:
    async with wiring.service(settings) as app:
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            http="h11",
            ws="none",
            lifespan="off",
            access_log=False,
            server_header=False,
            log_config=None,
            timeout_graceful_shutdown=GRACE,
        )
        log.info("the metadata service serves at %s:%d", settings.host, settings.port)
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    sys.exit(main())
