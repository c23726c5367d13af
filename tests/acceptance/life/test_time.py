"""CONTRACTS §2: the one timeout, and what an orderly end may not break."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import httpx
import pytest

from tests.acceptance.desk import Desk
from tests.acceptance.life.processes import of_replica
from tests.examples.platform import running

FUNCTIONS = Path(__file__).parent / "functions"


async def test_a_call_that_takes_too_long_is_a_504_and_frees_its_slot(desk: Desk) -> None:
    await desk.deploy("slow", FUNCTIONS / "threads", timeout="1s", concurrency=1, scale={"max": 1})
    late = await desk.call("slow", "/sleep?s=20", headers={"X-Call-Id": "late-1"})
    assert (late.status_code, late.headers["x-call-id"]) == (504, "late-1")
    assert late.json()["callId"] == "late-1"
    assert late.json()["code"] == "timeout"
    assert (await desk.call("slow")).status_code == 200


@pytest.mark.parametrize("kind", ["threads", "tasks"])
async def test_calls_survive_the_end_of_their_replica(desk: Desk, kind: str) -> None:
    """Six calls are in flight on the only replica when it is replaced."""
    name = f"leaves-{kind}"
    await desk.deploy(name, FUNCTIONS / kind, scale={"min": 1})
    path = "/sleep?s=5" if kind == "threads" else "/?s=5"
    calls = [asyncio.create_task(desk.call(name, path, "POST", content=b"x")) for _ in range(6)]
    await asyncio.sleep(1)
    await desk.verb(name, "redeploy")
    await desk.until(name, lambda found: found["status"]["revision"] == f"{name}-2")
    assert (await desk.call(name)).json()["revision"] == f"{name}-2"
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["revision"] for answer in answers} == {f"{name}-1"}


@pytest.mark.parametrize("kind", ["threads", "tasks"])
async def test_calls_survive_a_sigterm_to_their_replica(desk: Desk, kind: str) -> None:
    """Somebody else tells the replica to stop: its calls end well, and new ones are not lost."""
    name = f"term-{kind}"
    await desk.deploy(name, FUNCTIONS / kind, scale={"min": 1})
    path = "/sleep?s=5" if kind == "threads" else "/?s=5"
    calls = [asyncio.create_task(desk.call(name, path, "POST", content=b"x")) for _ in range(6)]
    await asyncio.sleep(1)
    [replica] = await desk.replicas(name)
    os.kill(of_replica(replica["id"])[0], signal.SIGTERM)
    await asyncio.sleep(0.2)
    later = [asyncio.create_task(desk.call(name, "/", "POST", content=b"x")) for _ in range(6)]
    assert {answer.status_code for answer in await asyncio.gather(*calls)} == {200}
    assert {answer.status_code for answer in await asyncio.gather(*later)} == {200}


async def test_a_gateway_that_is_told_to_stop_fails_no_call(tmp_path: Path) -> None:
    """Callers without a pause: each call is answered, or its connection was never accepted."""
    with running(tmp_path) as platform:
        async with Desk(platform) as desk:
            await desk.deploy("busy", FUNCTIONS / "threads", concurrency=100)
            pid = json.loads((tmp_path / "state" / "plat.lock").read_text())["pid"]
            callers = [asyncio.create_task(calling(desk, index)) for index in range(30)]
            await asyncio.sleep(1.5)
            os.kill(pid, signal.SIGTERM)
            ends = await asyncio.gather(*callers)
    assert sum(len(answered) for answered, _ in ends) > 30
    assert {status for answered, _ in ends for status in answered} == {200}
    assert {type(end) for _, end in ends} == {httpx.ConnectError}


async def calling(desk: Desk, index: int) -> tuple[list[int], Exception]:
    """Call until it fails: the statuses, and how it failed."""
    answered = []
    while True:
        seconds = 0.02 * (index % 5) if index else 2
        try:
            answer = await desk.call("busy", f"/sleep?s={seconds}", "POST", content=b"x")
        except httpx.TransportError as error:
            return answered, error
        answered.append(answer.status_code)
