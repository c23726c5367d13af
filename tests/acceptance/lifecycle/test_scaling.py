"""Scaling from and to zero, its limits, and restart back-off."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx

from tests.acceptance.platform_client import Client, condition

FUNCTIONS = Path(__file__).parent / "functions"


async def starts(client: Client, name: str) -> int:
    """Return the number of processes that have started to serve."""
    return sum("ready after" in line["text"] for line in await client.logs(name))


async def test_serves_a_hundred_clients_with_concurrency_one(client: Client) -> None:
    await client.deploy("narrow", FUNCTIONS / "threads", concurrency=1, scale={"max": 10})
    await client.asleep("narrow")
    calls = [asyncio.create_task(client.call("narrow", "/sleep?s=0.3")) for _ in range(100)]
    seen = 0
    while not all(call.done() for call in calls):
        seen = max(seen, len(await client.replicas("narrow")))
        await asyncio.sleep(0.1)
    answers = [call.result() for call in calls]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["most"] for answer in answers} == {1}
    assert 1 < seen <= 10
    assert len({answer.json()["replica"] for answer in answers}) <= 10


async def test_a_hundred_clients_start_an_idle_function_once(client: Client) -> None:
    await client.deploy("woken", FUNCTIONS / "threads", concurrency=100)
    await client.asleep("woken")
    before = await starts(client, "woken")
    answers = await asyncio.gather(*(client.call("woken") for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert await starts(client, "woken") == before + 1


async def test_stops_an_idle_function_and_no_called_one(client: Client) -> None:
    await client.deploy("tired", FUNCTIONS / "threads", scale={"idle": "1s"})
    assert (await client.call("tired", "/sleep?s=6")).status_code == 200
    assert await starts(client, "tired") == 1
    function = await client.until("tired", lambda found: condition(found)["reason"] == "Idle")
    assert condition(function)["status"] == "True"
    await client.until("tired", lambda found: found["status"]["replicas"] == 0)
    assert (await client.call("tired")).status_code == 200
    assert await starts(client, "tired") == 2


async def test_scaling_to_zero_fails_no_call(client: Client) -> None:
    """The function is scaled to zero repeatedly under continuous calls."""
    await client.deploy("flaps", FUNCTIONS / "tasks")
    over = asyncio.Event()
    callers = [asyncio.create_task(calling(client, "flaps", over)) for _ in range(8)]
    for _ in range(6):
        await client.verb("flaps", "scale", replicas=0)
        await asyncio.sleep(0.5)
    over.set()
    statuses = [status for statuses in await asyncio.gather(*callers) for status in statuses]
    assert set(statuses) == {200}
    assert await starts(client, "flaps") > 1


async def calling(client: Client, name: str, over: asyncio.Event) -> list[int]:
    statuses = []
    while not over.is_set():
        statuses.append((await client.call(name, method="POST", content=b"x")).status_code)
    return statuses


async def test_a_crash_at_start_is_reported_and_restarts_back_off(client: Client) -> None:
    code = "import os\nprint('attempt')\nos._exit(9)\n"
    await client.put("crashes", await client.build("crashes", code), timeout="3s")

    async def call() -> httpx.Response:
        return await client.call("crashes")

    await client.until("crashes", lambda found: "status" in found)
    early = await asyncio.gather(*(call() for _ in range(20)))
    function = await client.settled("crashes")
    later = await asyncio.gather(*(call() for _ in range(50)))
    assert {answer.status_code for answer in early + later} <= {503, 504}
    assert all(re.search("HandlerExited", answer.text) for answer in later)
    assert condition(function)["reason"] == "HandlerExited"
    attempts = sum(line["text"] == "attempt" for line in await client.logs("crashes"))
    assert 1 <= attempts <= 8
