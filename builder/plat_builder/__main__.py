"""`python -m plat_builder`: the builder as a process, until SIGTERM or SIGINT.

`python -m plat_builder runtimes` builds the base images of all runtimes with Docker, pushes those
that the registry does not have as they are, and ends. With `--from REGISTRY` they are copied from
another registry, without Docker.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import aclosing
from dataclasses import replace

import uvicorn
from plat_core.errors import PlatError
from plat_core.extras import explain_missing_extra
from plat_core.services.tokens import check_token
from plat_http.fixes import describe

from plat_builder import runtimes, settings
from plat_builder.blueprint import places
from plat_builder.images.connecting import connect
from plat_builder.images.copying import copy_runtimes
from plat_builder.runtimes import Catalogue
from plat_builder.serving import settings as serving_settings
from plat_builder.serving import wiring
from plat_builder.serving.settings import BuilderSettings
from plat_builder.settings import BuildSettings

log = logging.getLogger("plat_builder")

GRACE = 10
"""Seconds that builds under way get when the builder stops."""
KEEP_ALIVE = 75


def main(arguments: list[str]) -> int:
    """Run until a signal; returns the exit status."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        building = settings.read(os.environ)
        if arguments == ["runtimes"]:
            asyncio.run(_seed(building))
            return 0
        if arguments[:2] == ["runtimes", "--from"] and len(arguments) == 3:
            asyncio.run(_copy(building, arguments[2]))
            return 0
        if arguments:
            sys.stderr.write("usage: python -m plat_builder [runtimes [--from REGISTRY]]\n")
            return 2
        serving = serving_settings.read(os.environ)
        check_token(serving)
        asyncio.run(_serve(serving, building))
    except PlatError as error:
        fix = f"\n  {describe(error.fix)}" if error.fix else ""
        sys.stderr.write(f"the builder cannot start: {error.message}{fix}\n")
        return 1
    return 0


async def _serve(serving: BuilderSettings, building: BuildSettings) -> None:
    async with wiring.service(serving, building) as app:
        config = uvicorn.Config(
            app,
            host=serving.host,
            port=serving.port,
            http="h11",
            ws="none",
            lifespan="off",
            access_log=False,
            server_header=False,
            log_config=None,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
        )
        log.info("the builder (%s) serves at %s:%d", serving.engine, serving.host, serving.port)
        await uvicorn.Server(config).serve()


async def _copy(building: BuildSettings, source: str) -> None:
    elsewhere = replace(building, registry=settings.registry_of(source))
    here, there = connect(building), connect(elsewhere)
    pairs = ((here, places(building)), (there, places(elsewhere)))
    try:
        async with aclosing(copy_runtimes(Catalogue(runtimes.find()), *pairs)) as lines:
            async for line in lines:
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
    finally:
        await here.close()
        await there.close()


async def _seed(building: BuildSettings) -> None:
    with explain_missing_extra():
        from plat_builder.daemon import Daemon
        from plat_builder.seeding import Seeder

    registry, daemon = connect(building), Daemon(building)
    catalogue = Catalogue(runtimes.find())
    seeder = Seeder(catalogue, registry=registry, daemon=daemon, settings=building)
    try:
        async with aclosing(seeder.seed()) as lines:
            async for line in lines:
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
    finally:
        daemon.close()
        await registry.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
