"""Asynchronous calls are delivered across scaling to zero and crashes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.lifecycle.processes import ended
from tests.acceptance.platform_client import PATIENCE, Client
from tests.examples.platform import running

WORKER = """
import os, time
from flask import Flask, request
app = Flask(__name__)

@app.post("/<number>")
def work(number):
    time.sleep(float(request.args.get("s", "0")))
    with open(os.environ["SEEN"], "a") as seen:
        seen.write(request.headers["X-Call-Id"] + "\\n")
    return {"number": number, "sent": request.get_data(as_text=True)}, 201
"""


async def queue(client: Client, number: int, query: str = "") -> str:
    """Enqueue a call with that number and return its id."""
    body = f"body {number}"
    answer = await client.http.post(f"/async-function/worker/{number}{query}", content=body)
    assert answer.status_code == 202, answer.text
    document = answer.json()
    assert answer.headers["X-Call-Id"] == document["id"]
    assert answer.headers["Location"] == document["url"] == f"/calls/{document['id']}"
    return str(document["id"])


async def over(client: Client, call_id: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await client.http.get(f"/calls/{call_id}", params={"wait": "30s"})
            call: dict[str, Any] = answer.raise_for_status().json()
            if call["state"] not in ("queued", "running"):
                return call


async def check(client: Client, numbers: dict[str, int]) -> None:
    """Check that each call succeeded with its result."""
    found = await asyncio.gather(*(over(client, call_id) for call_id in numbers))
    assert {call["id"]: (call["state"], call["status"]) for call in found} == dict.fromkeys(
        numbers, ("succeeded", 201)
    )
    listed = await client.http.get("/calls", params={"function": "worker", "state": "succeeded"})
    assert Counter(call["id"] for call in listed.json()["items"]) == Counter(numbers.keys())
    for call_id, number in numbers.items():
        result = await client.http.get(f"/calls/{call_id}/result")
        assert result.json() == {"number": str(number), "sent": f"body {number}"}
        assert result.headers["X-Call-Status"] == "201"


@pytest.fixture
async def killable(tmp_path: Path) -> AsyncIterator[Client]:
    """A platform that the test may kill, with an idle worker."""
    with running(tmp_path) as platform:
        async with Client(platform) as user:
            image = await user.build("worker", WORKER, "python-flask")
            seen = [{"name": "SEEN", "value": str(tmp_path / "seen")}]
            await user.put("worker", image, runtime="python-flask", env=seen, concurrency=4)
            await user.settled("worker")
            await user.asleep("worker")
            yield user


async def test_delivers_a_hundred_calls_across_a_killed_platform(
    killable: Client, tmp_path: Path
) -> None:
    calls = await asyncio.gather(*(queue(killable, number) for number in range(100)))
    await check(killable, {call_id: number for number, call_id in enumerate(calls)})
    assert Counter((tmp_path / "seen").read_text().split()) == Counter(calls)
    (tmp_path / "seen").unlink()

    more = await asyncio.gather(*(queue(killable, number, "?s=0.2") for number in range(60)))
    await over(killable, more[0])
    home = Path(killable.platform.environment["PLAT_HOME"])
    pid = json.loads((home / "plat.lock").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    await ended({pid})
    done_before = len((tmp_path / "seen").read_text().split())
    assert 0 < done_before < 60
    await asyncio.to_thread(killable.platform.plat, "up", "--detach")
    found = await asyncio.gather(*(over(killable, call_id) for call_id in more))
    assert {call["state"] for call in found} == {"succeeded"}
    assert set((tmp_path / "seen").read_text().split()) == set(more)
    await check_kept(killable, calls[0])


async def check_kept(client: Client, call_id: str) -> None:
    result = await client.http.get(f"/calls/{call_id}/result")
    assert result.json() == {"number": "0", "sent": "body 0"}


async def test_commands_follow_a_call_to_its_result(killable: Client) -> None:
    plat = killable.platform.plat

    async def run(*words: str) -> str:
        return (await asyncio.to_thread(plat, *words)).stdout.strip()

    call_id = await run("invoke", "worker", "--path", "/7", "-d", "x", "--async")
    assert json.loads(await run("calls", "result", call_id, "--wait")) == {
        "number": "7",
        "sent": "x",
    }
    shown = json.loads(await run("calls", "show", call_id, "--json"))
    assert (shown["state"], shown["status"], shown["path"]) == ("succeeded", 201, "/7")
    assert call_id in await run("calls", "list", "--function", "worker")
    await killable.verb("worker", "stop")
    waiting = await run("invoke", "worker", "--path", "/8", "-d", "x", "--async")
    await run("calls", "cancel", waiting)
    state = json.loads(await run("calls", "list", "--state", "cancelled", "--json"))["items"]
    assert [call["id"] for call in state] == [waiting]
