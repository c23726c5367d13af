"""The timeout of a call, and stops that may not fail a call."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import httpx
import pytest

from tests.acceptance.lifecycle.processes import of_replica
from tests.acceptance.platform_client import Client
from tests.examples.platform import running

FUNCTIONS = Path(__file__).parent / "functions"


async def test_returns_504_after_the_timeout_and_frees_the_slot(client: Client) -> None:
    await client.deploy(
        "slow", FUNCTIONS / "threads", timeout="1s", concurrency=1, scale={"max": 1}
    )
    late = await client.call("slow", "/sleep?s=20", headers={"X-Call-Id": "late-1"})
    assert (late.status_code, late.headers["x-call-id"]) == (504, "late-1")
    assert late.json()["callId"] == "late-1"
    assert late.json()["code"] == "timeout"
    assert (await client.call("slow")).status_code == 200


@pytest.mark.parametrize("kind", ["threads", "tasks"])
async def test_finishes_calls_of_a_replaced_replica(client: Client, kind: str) -> None:
    """Six calls are in flight when their only replica is replaced."""
    name = f"leaves-{kind}"
    await client.deploy(name, FUNCTIONS / kind, scale={"min": 1})
    path = "/sleep?s=5" if kind == "threads" else "/?s=5"
    calls = [asyncio.create_task(client.call(name, path, "POST", content=b"x")) for _ in range(6)]
    await asyncio.sleep(1)
    await client.verb(name, "redeploy")
    await client.until(name, lambda found: found["status"]["revision"] == f"{name}-2")
    assert (await client.call(name)).json()["revision"] == f"{name}-2"
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["revision"] for answer in answers} == {f"{name}-1"}


@pytest.mark.parametrize("kind", ["threads", "tasks"])
async def test_finishes_calls_after_sigterm_to_the_replica(client: Client, kind: str) -> None:
    """After SIGTERM from outside, running calls succeed and new ones are not lost."""
    name = f"term-{kind}"
    await client.deploy(name, FUNCTIONS / kind, scale={"min": 1})
    path = "/sleep?s=5" if kind == "threads" else "/?s=5"
    calls = [asyncio.create_task(client.call(name, path, "POST", content=b"x")) for _ in range(6)]
    await asyncio.sleep(1)
    [replica] = await client.replicas(name)
    os.kill(of_replica(replica["id"])[0], signal.SIGTERM)
    await asyncio.sleep(0.2)
    later = [asyncio.create_task(client.call(name, "/", "POST", content=b"x")) for _ in range(6)]
    assert {answer.status_code for answer in await asyncio.gather(*calls)} == {200}
    assert {answer.status_code for answer in await asyncio.gather(*later)} == {200}


async def test_a_stopping_gateway_fails_no_call(tmp_path: Path) -> None:
    """Each continuous call is answered, or its connection is never accepted."""
    with running(tmp_path) as platform:
        async with Client(platform) as client:
            await client.deploy("busy", FUNCTIONS / "threads", concurrency=100)
            pid = json.loads((tmp_path / "state" / "plat.lock").read_text())["pid"]
            callers = [asyncio.create_task(calling(client, index)) for index in range(30)]
            await asyncio.sleep(1.5)
            os.kill(pid, signal.SIGTERM)
            ends = await asyncio.gather(*callers)
    assert sum(len(answered) for answered, _ in ends) > 30
    assert {status for answered, _ in ends for status in answered} == {200}
    assert {type(end) for _, end in ends} == {httpx.ConnectError}


async def calling(client: Client, index: int) -> tuple[list[int], Exception]:
    """Call until an error; return the statuses and the error."""
    answered = []
    while True:
        seconds = 0.02 * (index % 5) if index else 2
        try:
            answer = await client.call("busy", f"/sleep?s={seconds}", "POST", content=b"x")
        except httpx.TransportError as error:
            return answered, error
        answered.append(answer.status_code)
