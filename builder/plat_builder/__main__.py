"""`python -m plat_builder`: runs the builder until SIGTERM or SIGINT.

`python -m plat_builder runtimes` builds the base images of all runtimes with Docker, and pushes
those that the registry lacks. With `--from REGISTRY` it copies them from another registry, without
Docker.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from plat_core.extras import explain_missing_extra
from plat_core.services.tokens import check_token
from plat_http.processes import run_command, run_service, serve_application

from plat_builder import runtimes, settings
from plat_builder.image_plan import image_names
from plat_builder.images.connection import connect
from plat_builder.images.mirroring import copy_base_images
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.serving import wiring
from plat_builder.serving.settings import BuilderSettings

log = logging.getLogger("plat_builder")

GRACE = 10
"""Seconds for running builds to finish when the builder stops."""
KEEP_ALIVE = 75


def main(arguments: list[str]) -> int:
    """Run the command, and return the exit status."""
    if not arguments:
        return run_service("the builder", _serve)
    if arguments == ["runtimes"]:
        return run_command("the builder", _seed)
    if arguments[:2] == ["runtimes", "--from"] and len(arguments) == 3:
        return run_command("the builder", partial(_copy, arguments[2]))
    sys.stderr.write("usage: python -m plat_builder [runtimes [--from REGISTRY]]\n")
    return 2


async def _serve(stop: asyncio.Event) -> None:
    building = settings.read(os.environ)
    serving = BuilderSettings.from_environment(os.environ)
    check_token(serving)
    async with wiring.service(serving, building) as app:
        log.info("the builder (%s) serves at %s:%d", serving.engine, serving.host, serving.port)
        await serve_application(
            app,
            host=serving.host,
            port=serving.port,
            stop=stop,
            grace=GRACE,
            keep_alive=KEEP_ALIVE,
        )


async def _copy(source: str) -> None:
    building = settings.read(os.environ)
    elsewhere = replace(building, registry=settings.registry_of(source))
    here, there = connect(building), connect(elsewhere)
    pairs = ((here, image_names(building)), (there, image_names(elsewhere)))
    try:
        async with aclosing(copy_base_images(RuntimeCatalog(runtimes.find()), *pairs)) as lines:
            async for line in lines:
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
    finally:
        await here.close()
        await there.close()


async def _seed() -> None:
    building = settings.read(os.environ)
    with explain_missing_extra():
        from plat_builder.daemon import Daemon
        from plat_builder.runtime_images import BaseImagePublisher

    registry, daemon = connect(building), Daemon(building)
    catalog = RuntimeCatalog(runtimes.find())
    seeder = BaseImagePublisher(catalog, registry=registry, daemon=daemon, settings=building)
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
