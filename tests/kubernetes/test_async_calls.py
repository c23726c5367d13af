"""Asynchronous calls in a cluster: two gateways share the queue in the chart's Postgres."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .functions import Functions
from .installation import Gateway, path
from .process import until

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(240)]


def queued(gateway: Gateway, functions: Functions, rest: str) -> str:
    """Enqueue a call and return its id."""
    target = path(functions, rest).replace("/function/", "/async-function/")
    status, text = gateway.ask(target, data=b"")
    assert status == 202, text
    return str(json.loads(text)["id"])


def ended(gateway: Gateway, call: str) -> Any:
    """Wait until a call has finished, and return it."""
    found: dict[str, Any] = {}

    def finished() -> bool:
        status, text = gateway.ask(f"/calls/{call}?wait=10s")
        if status == 200:
            found.update(json.loads(text))
        return found.get("state") in ("succeeded", "failed", "cancelled")

    until(finished, seconds=90, what=f"{call} has finished")
    return found


def test_no_call_is_lost_when_a_gateway_is_killed(functions: Functions, gateway: Gateway) -> None:
    functions.apply("hello", timeout="30s", concurrency=2, scale={"max": 2})
    functions.wait("hello")
    calls = [queued(gateway, functions, "/slow?seconds=0.5") for _ in range(30)]
    ended(gateway, calls[0])
    gateway.kill(gateway.pods()[0])
    done = [ended(gateway, call) for call in calls]
    assert [call for call in done if call["state"] != "succeeded"] == []
    results = [gateway.ask(f"/calls/{call}/result") for call in calls]
    assert results == [(200, "slept")] * len(calls)
