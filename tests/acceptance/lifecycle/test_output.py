"""Output and memory of a function: attributed to calls, bounded and isolated."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.acceptance.platform_client import Client, condition

FUNCTIONS = Path(__file__).parent / "functions"
KEPT = 12 * 1024 * 1024
"""The stored 10 MiB of one function plus the last batch."""


async def test_each_line_has_its_call_id(client: Client) -> None:
    await client.deploy("says", FUNCTIONS / "threads")
    words = [f"word-{number}" for number in range(8)]
    await asyncio.gather(
        *(
            client.call("says", f"/say?n=20&word={word}", headers={"X-Call-Id": f"call-{word}"})
            for word in words
        )
    )
    for word in words:
        lines = await client.logs("says", call=f"call-{word}")
        assert [line["text"] for line in lines] == [f"{word} {number}" for number in range(20)]
        assert {line["callId"] for line in lines} == {f"call-{word}"}


async def test_logs_a_traceback_and_hides_it_from_the_client(client: Client) -> None:
    await client.deploy("raises", FUNCTIONS / "threads")
    answer = await client.call("raises", "/fail", headers={"X-Call-Id": "boom-1"})
    assert answer.status_code == 500
    assert "ValueError" not in answer.text
    text = "\n".join(line["text"] for line in await client.logs("raises", call="boom-1"))
    assert 'File "app.py", line ' in text
    assert text.endswith("ValueError: boom")


async def test_bounds_a_hundred_megabytes_of_output(client: Client) -> None:
    await client.deploy("floods", FUNCTIONS / "threads", timeout="120s")
    await client.deploy("quiet", FUNCTIONS / "threads")
    flood = asyncio.create_task(client.call("floods", "/flood?mb=100", timeout=120))
    while not flood.done():
        assert (await client.call("quiet")).status_code == 200
        await asyncio.sleep(0.05)
    assert flood.result().text == "flooded"
    files = list(home_of(client).glob("logs/default/floods.jsonl*"))
    assert 0 < sum(file.stat().st_size for file in files) < KEPT
    assert any("lines dropped" in line["text"] for line in await client.logs("floods"))
    await client.http.delete("/functions/floods")
    await client.gone("floods")
    assert not list(home_of(client).glob("logs/default/floods.jsonl*"))


def home_of(client: Client) -> Path:
    return Path(client.platform.environment["PLAT_HOME"])


async def test_reports_and_restarts_a_function_out_of_memory(client: Client) -> None:
    limits = {"limits": {"memory": "96Mi"}}
    await client.deploy("greedy", FUNCTIONS / "threads", resources=limits, scale={"min": 1})
    answer = await client.call("greedy", "/eat?mb=400")
    assert answer.status_code in (500, 502)
    if answer.status_code == 502:
        await client.until("greedy", lambda found: condition(found)["reason"] == "OOMKilled")
    assert (await client.call("greedy")).status_code == 200
    assert (await client.call("greedy", "/eat?mb=10")).status_code == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
async def test_runs_as_another_user_or_logs_the_reason_once(client: Client) -> None:
    code = "import os\n\ndef handler(request):\n    return {'uid': os.getuid()}\n"
    for name in ("owner-a", "owner-b"):
        await client.deploy(name, code)
    users = {(await client.call(name)).json()["uid"] for name in ("owner-a", "owner-b")}
    reported = (home_of(client) / "plat.log").read_text(encoding="utf-8")
    if users == {0}:
        assert reported.count("functions run as the platform's own user") == 1
    else:
        assert len(users - {0}) == 2
