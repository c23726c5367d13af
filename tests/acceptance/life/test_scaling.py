"""Scaling from and to zero, its limits, and restart back-off."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx

from tests.acceptance.desk import Desk, condition

FUNCTIONS = Path(__file__).parent / "functions"


async def starts(desk: Desk, name: str) -> int:
    """Return the number of processes that have started to serve."""
    return sum("ready after" in line["text"] for line in await desk.logs(name))


async def test_serves_a_hundred_clients_with_concurrency_one(desk: Desk) -> None:
    await desk.deploy("narrow", FUNCTIONS / "threads", concurrency=1, scale={"max": 10})
    await desk.asleep("narrow")
    calls = [asyncio.create_task(desk.call("narrow", "/sleep?s=0.3")) for _ in range(100)]
    seen = 0
    while not all(call.done() for call in calls):
        seen = max(seen, len(await desk.replicas("narrow")))
        await asyncio.sleep(0.1)
    answers = [call.result() for call in calls]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["most"] for answer in answers} == {1}
    assert 1 < seen <= 10
    assert len({answer.json()["replica"] for answer in answers}) <= 10


async def test_a_hundred_clients_start_an_idle_function_once(desk: Desk) -> None:
    await desk.deploy("woken", FUNCTIONS / "threads", concurrency=100)
    await desk.asleep("woken")
    before = await starts(desk, "woken")
    answers = await asyncio.gather(*(desk.call("woken") for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert await starts(desk, "woken") == before + 1


async def test_stops_an_idle_function_and_no_called_one(desk: Desk) -> None:
    await desk.deploy("tired", FUNCTIONS / "threads", scale={"idle": "1s"})
    assert (await desk.call("tired", "/sleep?s=6")).status_code == 200
    assert await starts(desk, "tired") == 1
    function = await desk.until("tired", lambda found: condition(found)["reason"] == "Idle")
    assert condition(function)["status"] == "True"
    await desk.until("tired", lambda found: found["status"]["replicas"] == 0)
    assert (await desk.call("tired")).status_code == 200
    assert await starts(desk, "tired") == 2


async def test_scaling_to_zero_fails_no_call(desk: Desk) -> None:
    """The function is scaled to zero repeatedly under continuous calls."""
    await desk.deploy("flaps", FUNCTIONS / "tasks")
    over = asyncio.Event()
    callers = [asyncio.create_task(calling(desk, "flaps", over)) for _ in range(8)]
    for _ in range(6):
        await desk.verb("flaps", "scale", replicas=0)
        await asyncio.sleep(0.5)
    over.set()
    statuses = [status for statuses in await asyncio.gather(*callers) for status in statuses]
    assert set(statuses) == {200}
    assert await starts(desk, "flaps") > 1


async def calling(desk: Desk, name: str, over: asyncio.Event) -> list[int]:
    statuses = []
    while not over.is_set():
        statuses.append((await desk.call(name, method="POST", content=b"x")).status_code)
    return statuses


async def test_a_crash_at_start_is_reported_and_restarts_back_off(desk: Desk) -> None:
    code = "import os\nprint('attempt')\nos._exit(9)\n"
    await desk.put("crashes", await desk.build("crashes", code), timeout="3s")

    async def call() -> httpx.Response:
        return await desk.call("crashes")

    await desk.until("crashes", lambda found: "status" in found)
    early = await asyncio.gather(*(call() for _ in range(20)))
    function = await desk.settled("crashes")
    later = await asyncio.gather(*(call() for _ in range(50)))
    assert {answer.status_code for answer in early + later} <= {503, 504}
    assert all(re.search("HandlerExited", answer.text) for answer in later)
    assert condition(function)["reason"] == "HandlerExited"
    attempts = sum(line["text"] == "attempt" for line in await desk.logs("crashes"))
    assert 1 <= attempts <= 8
