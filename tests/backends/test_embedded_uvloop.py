"""The embedded backend on uvloop, as in the gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path

import uvloop

from .embedded_home import Home
from .embedded_platform import platform


def test_runs_and_stops_a_replica_on_uvloop(tmp_path: Path) -> None:
    async def run_replica() -> None:
        home = Home(tmp_path / "home")
        async with platform(home) as world:
            replica = await world.run(home.revision())
            await home.call(replica, "/print/hello")
            await home.call(replica, "/exit/3", answered=False)
            await world.state("ready", restarts=1)
            await world.scale(home.revision(), 0)
            await world.wait_removed()
            output = [text for _, text in await world.lines()]
        assert {"hello", "about to exit", "exited with code 3", "exited with code 0"} <= {*output}

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_replica())
