"""Changes of a function under load fail no call that the change allows."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.lifecycle.processes import of_platform
from tests.acceptance.platform_client import PATIENCE, Client, condition

FUNCTIONS = Path(__file__).parent / "functions"


class Callers:
    """Clients that call continuously, and their responses by status and revision."""

    def __init__(self, client: Client, name: str) -> None:
        self.statuses: Counter[int] = Counter()
        self.revisions: Counter[str] = Counter()
        self.bad: list[str] = []
        self._desk = client
        self._name = name

    async def call(self) -> None:
        """Call until cancelled."""
        while True:
            answer = await self._desk.call(self._name, method="POST", content=b"x" * 1000)
            self.statuses[answer.status_code] += 1
            if answer.status_code == 200:
                self.revisions[answer.json()["revision"]] += 1
            else:
                self.bad.append(answer.text)

    async def answered(self, count: int, status: int = 200) -> None:
        """Wait for a number of further responses."""
        enough = self.statuses[status] + count
        async with asyncio.timeout(PATIENCE):
            while self.statuses[status] < enough:
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def called(client: Client, name: str, count: int = 12) -> AsyncIterator[Callers]:
    """Keep the function under load; an aborted call is an error."""
    callers = Callers(client, name)
    tasks = [asyncio.create_task(callers.call()) for _ in range(count)]
    try:
        await callers.answered(count)
        yield callers
        await callers.answered(count)
    finally:
        broken = [task.exception() for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert not broken


@pytest.mark.parametrize("kind", ["threads", "tasks"])
async def test_ten_revisions_in_a_row_fail_no_call(client: Client, kind: str) -> None:
    name = f"rolls-{kind}"
    await client.deploy(name, FUNCTIONS / kind)
    async with called(client, name) as callers:
        for number in range(2, 12):
            await client.verb(name, "redeploy")
            await client.until(name, lambda f, n=number: f["status"]["revision"] == f"{name}-{n}")  # type: ignore[misc]
        async with asyncio.timeout(PATIENCE):
            while not callers.revisions[f"{name}-11"]:
                await asyncio.sleep(0.02)
    assert not callers.bad


async def test_a_change_of_scale_fails_no_call(client: Client) -> None:
    await client.deploy("wide", FUNCTIONS / "tasks")
    async with called(client, "wide") as callers:
        for count in (3, 1, 2, 4, 1):
            await client.verb("wide", "scale", replicas=count)
            await client.until("wide", lambda f, n=count: f["status"]["readyReplicas"] == n)  # type: ignore[misc]
    assert not callers.bad


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("handler = 1 / 0\n", "HandlerFailed"),
        ("import nowhere_to_be_found\n", "HandlerImportError"),
        ("import os\nos._exit(1)\n", "HandlerExited"),
    ],
)
async def test_keeps_the_old_revision_if_the_new_one_does_not_start(
    client: Client, code: str, reason: str
) -> None:
    name = f"keeps-{reason.lower()}"
    await client.deploy(name, FUNCTIONS / "threads")
    async with called(client, name, count=6) as callers:
        function = await client.deploy(name, code)
        assert condition(function)["reason"] == reason
        assert condition(function)["status"] == "False"
        assert f"{name}-1 keeps serving" in condition(function)["message"]
        function = await client.deploy(name, FUNCTIONS / "threads")
        assert condition(function)["status"] == "True"
    assert not callers.bad


async def test_stops_starts_and_deletes_a_function_under_load(client: Client) -> None:
    await client.deploy("verbs", FUNCTIONS / "threads")
    async with called(client, "verbs", count=6) as callers:
        await client.verb("verbs", "stop")
        await callers.answered(6, status=503)
        await client.verb("verbs", "start")
        await callers.answered(6)
        assert (await client.http.delete("/functions/verbs")).status_code == 202
        await client.gone("verbs")
        await callers.answered(6, status=404)
        await client.deploy("verbs", FUNCTIONS / "threads")
    assert set(callers.statuses) == {200, 503, 404}
    assert all(
        "function-suspended" in text or "not-found" in text or "deleted" in text
        for text in callers.bad
    )


async def test_one_of_two_concurrent_deploys_wins(client: Client) -> None:
    codes = [f"def handler(request):\n    return 'code {n}'\n" for n in range(4)]
    functions = await asyncio.gather(*(client.deploy("raced", code) for code in codes))
    assert {condition(function)["status"] for function in functions} == {"True"}
    function = await client.get("raced")
    assert function["status"]["revision"] == function["status"]["latestRevision"]
    answers = {(await client.call("raced")).text for _ in range(10)}
    assert len(answers) == 1
    revisions = (await client.http.get("/functions/raced/revisions")).json()["items"]
    assert [one["serving"] for one in revisions].count(True) == 1
    await client.until("raced", lambda found: found["status"]["replicas"] == 1)


async def test_deletes_a_function_during_its_build(client: Client) -> None:
    """The source is part of the resource, so the platform builds it."""
    source = {
        "inline": {
            "app.py": "import six\n\ndef handler(request):\n    return 'x'\n",
            "requirements.txt": "six==1.16.0\n",
        }
    }
    document = {"spec": {"source": source, "runtime": "python"}}
    assert (await client.http.put("/functions/aborted", json=document)).status_code == 201
    assert (await client.http.delete("/functions/aborted")).status_code == 202
    await client.gone("aborted")
    assert (await client.call("aborted")).status_code == 404
    assert (await client.http.put("/functions/aborted", json=document)).status_code == 201
    assert condition(await client.settled("aborted"))["status"] == "True"
    assert (await client.call("aborted")).text == "x"


@pytest.mark.slow
@pytest.mark.timeout(300)  # each of them starts once
async def test_fifty_idle_functions_have_no_process(client: Client) -> None:
    home = Path(client.platform.environment["PLAT_HOME"])
    image = await client.build("many", "def handler(request):\n    return 'many'\n")
    names = [f"many-{number}" for number in range(50)]
    before = of_platform(home)
    for name in names:
        await client.put(name, image, scale={"replicas": 0})
    for name in names:
        function = await client.settled(name)
        assert condition(function)["status"] == "True", function
        await client.until(name, lambda found: found["status"]["replicas"] == 0)
    async with asyncio.timeout(PATIENCE):
        while not of_platform(home) <= before:
            await asyncio.sleep(0.1)
    answers = await asyncio.gather(*(client.call(name) for name in names[:8]))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, "many")}
    deleted = await asyncio.gather(*(client.http.delete(f"/functions/{name}") for name in names))
    assert {answer.status_code for answer in deleted} == {202}
    for name in names:
        await client.gone(name)
