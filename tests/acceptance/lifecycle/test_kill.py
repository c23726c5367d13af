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

from tests.acceptance.lifecycle.processes import ended, of_platform, of_replica
from tests.acceptance.platform_client import PATIENCE, Client, condition
from tests.examples.platform import running

FUNCTIONS = Path(__file__).parent / "functions"


@pytest.mark.parametrize("kind", ["threads", "tasks"])
@pytest.mark.parametrize("victim", ["leader", "worker"])
async def test_restarts_a_killed_replica(client: Client, kind: str, victim: str) -> None:
    name = f"{victim}-{kind}"
    await client.deploy(name, FUNCTIONS / kind, scale={"min": 1})
    [replica] = await client.replicas(name)
    processes = of_replica(replica["id"])
    pid = processes[0 if victim == "leader" else 1]
    os.kill(pid, signal.SIGKILL)
    await ended({pid} if victim == "worker" else set(processes))
    answers = await asyncio.gather(*(client.call(name) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert pid not in of_platform(home_of(client))


def home_of(client: Client) -> Path:
    return Path(client.platform.environment["PLAT_HOME"])


@pytest.fixture
async def killable(tmp_path: Path) -> AsyncIterator[Client]:
    """A platform that the test may kill."""
    with running(tmp_path) as platform:
        async with Client(platform) as user:
            yield user


async def test_a_killed_platform_restores_all_state(killable: Client) -> None:
    """It is killed with calls in flight and during a build."""
    home = home_of(killable)
    await killable.http.put("/secrets/db", json={"values": {"url": "here"}})
    for kind in ("threads", "tasks"):
        await killable.deploy(kind, FUNCTIONS / kind, secrets=["db"])
    await killable.verb("tasks", "scale", replicas=3)
    await killable.until("tasks", lambda found: found["status"]["readyReplicas"] == 3)
    await killable.deploy("sleeps", FUNCTIONS / "threads")
    await killable.asleep("sleeps")
    await killable.deploy("stopped", FUNCTIONS / "threads", suspend=True)
    calls = [
        asyncio.create_task(caught(killable.call(name, path)))
        for name, path in (("threads", "/sleep?s=20"), ("tasks", "/?s=20"))
    ]
    build = asyncio.create_task(caught(killable.build("unborn", "x = 1  # it is never heard of\n")))
    before = of_platform(home)
    assert len(before) == 2 * 4
    os.kill(json.loads((home / "plat.lock").read_text())["pid"], signal.SIGKILL)
    await asyncio.gather(*calls, build)

    await asyncio.to_thread(killable.platform.plat, "up", "--detach")
    for name in ("threads", "tasks", "sleeps"):
        answer = await killable.call(name)
        assert (answer.status_code, answer.json()["revision"]) == (200, f"{name}-1")
    assert (await killable.call("stopped")).status_code == 503
    assert condition(await killable.get("stopped"))["reason"] == "Suspended"
    await killable.until("tasks", lambda found: found["status"]["readyReplicas"] == 3)
    await ended(before)
    result = [
        one for name in ("threads", "tasks", "sleeps") for one in await killable.replicas(name)
    ]
    known = {pid for one in result for pid in of_replica(one["id"])}
    assert of_platform(home) == known
    assert len(known) == 2 * 5
    function = await killable.deploy("unborn", FUNCTIONS / "threads")
    assert condition(function)["status"] == "True"


async def caught(work):  # type: ignore[no-untyped-def]
    try:
        return await work
    except httpx.TransportError as error:
        return error


async def test_a_stopped_platform_leaves_no_process(killable: Client) -> None:
    await killable.deploy("threads", FUNCTIONS / "threads", scale={"min": 2})
    await killable.until("threads", lambda found: found["status"]["readyReplicas"] == 2)
    processes = of_platform(home_of(killable))
    assert processes
    async with asyncio.timeout(PATIENCE):
        await asyncio.to_thread(killable.platform.plat, "down")
    assert not of_platform(home_of(killable))
    await asyncio.to_thread(killable.platform.plat, "up", "--detach")
    assert (await killable.call("threads")).status_code == 200
