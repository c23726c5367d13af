"""SIGKILL of a worker, a replica and the platform."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.desk import PATIENCE, Desk, condition
from tests.acceptance.life.processes import ended, of_platform, of_replica
from tests.examples.platform import running

FUNCTIONS = Path(__file__).parent / "functions"


@pytest.mark.parametrize("kind", ["threads", "tasks"])
@pytest.mark.parametrize("victim", ["leader", "worker"])
async def test_restarts_a_killed_replica(desk: Desk, kind: str, victim: str) -> None:
    name = f"{victim}-{kind}"
    await desk.deploy(name, FUNCTIONS / kind, scale={"min": 1})
    [replica] = await desk.replicas(name)
    processes = of_replica(replica["id"])
    pid = processes[0 if victim == "leader" else 1]
    os.kill(pid, signal.SIGKILL)
    await ended({pid} if victim == "worker" else set(processes))
    answers = await asyncio.gather(*(desk.call(name) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert pid not in of_platform(home_of(desk))


def home_of(desk: Desk) -> Path:
    return Path(desk.platform.environment["PLAT_HOME"])


@pytest.fixture
async def mortal(tmp_path: Path) -> AsyncIterator[Desk]:
    """A platform that the test may kill."""
    with running(tmp_path) as platform:
        async with Desk(platform) as user:
            yield user


async def test_a_killed_platform_restores_all_state(mortal: Desk) -> None:
    """It is killed with calls in flight and during a build."""
    home = home_of(mortal)
    await mortal.http.put("/secrets/db", json={"values": {"url": "here"}})
    for kind in ("threads", "tasks"):
        await mortal.deploy(kind, FUNCTIONS / kind, secrets=["db"])
    await mortal.verb("tasks", "scale", replicas=3)
    await mortal.until("tasks", lambda found: found["status"]["readyReplicas"] == 3)
    await mortal.deploy("sleeps", FUNCTIONS / "threads")
    await mortal.asleep("sleeps")
    await mortal.deploy("stopped", FUNCTIONS / "threads", suspend=True)
    calls = [
        asyncio.create_task(caught(mortal.call(name, path)))
        for name, path in (("threads", "/sleep?s=20"), ("tasks", "/?s=20"))
    ]
    build = asyncio.create_task(caught(mortal.build("unborn", "x = 1  # it is never heard of\n")))
    before = of_platform(home)
    assert len(before) == 2 * 4
    os.kill(json.loads((home / "plat.lock").read_text())["pid"], signal.SIGKILL)
    await asyncio.gather(*calls, build)

    await asyncio.to_thread(mortal.platform.plat, "up", "--detach")
    for name in ("threads", "tasks", "sleeps"):
        answer = await mortal.call(name)
        assert (answer.status_code, answer.json()["revision"]) == (200, f"{name}-1")
    assert (await mortal.call("stopped")).status_code == 503
    assert condition(await mortal.get("stopped"))["reason"] == "Suspended"
    await mortal.until("tasks", lambda found: found["status"]["readyReplicas"] == 3)
    await ended(before)
    result = [one for name in ("threads", "tasks", "sleeps") for one in await mortal.replicas(name)]
    known = {pid for one in result for pid in of_replica(one["id"])}
    assert of_platform(home) == known
    assert len(known) == 2 * 5
    function = await mortal.deploy("unborn", FUNCTIONS / "threads")
    assert condition(function)["status"] == "True"


async def caught(work):  # type: ignore[no-untyped-def]
    try:
        return await work
    except httpx.TransportError as error:
        return error


async def test_a_stopped_platform_leaves_no_process(mortal: Desk) -> None:
    await mortal.deploy("threads", FUNCTIONS / "threads", scale={"min": 2})
    await mortal.until("threads", lambda found: found["status"]["readyReplicas"] == 2)
    processes = of_platform(home_of(mortal))
    assert processes
    async with asyncio.timeout(PATIENCE):
        await asyncio.to_thread(mortal.platform.plat, "down")
    assert not of_platform(home_of(mortal))
    await asyncio.to_thread(mortal.platform.plat, "up", "--detach")
    assert (await mortal.call("threads")).status_code == 200
