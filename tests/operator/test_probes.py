"""Alive while every watch is heard of; ready once every function was looked at."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from plat_backends.kubernetes import Caches
from plat_backends.kubernetes.kinds import PODS
from plat_core.services.workqueue import QueueMetrics
from plat_operator import probes

from tests.kubernetes.process import fetch


@dataclass
class Watch:
    heard: float
    kind: Any = PODS


@dataclass
class Written:
    written: int = 7


@dataclass
class Synced:
    synced: bool = False
    depth: int = 3
    metrics: QueueMetrics = field(default_factory=QueueMetrics)


@dataclass
class Known:
    """What the probes look at of an operator."""

    reflectors: list[Watch]
    swept: float = 0.0
    caches: Caches = field(default_factory=Caches)
    controller: Synced = field(default_factory=Synced)
    api: Written = field(default_factory=Written)


@pytest.mark.parametrize(
    ("heard", "swept", "silent"),
    [(990, 990, []), (990, 600, ["functions"]), (700, 990, ["pods"])],
)
def test_what_was_not_heard_of_is_named(heard: float, swept: float, silent: list[str]) -> None:
    known: Any = Known([Watch(heard)], swept=swept)
    assert probes.silent(known, now=1000, sweep=60) == silent


async def test_the_kubelet_and_prometheus_get_their_answers() -> None:
    loop = asyncio.get_running_loop()
    known: Any = Known([Watch(loop.time())], swept=loop.time())
    async with probes.serve(known, host="127.0.0.1", port=0, sweep=60) as port:
        url = f"http://127.0.0.1:{port}"
        assert await asyncio.to_thread(fetch, f"{url}/healthz") == (200, "ok")
        assert (await asyncio.to_thread(fetch, f"{url}/readyz"))[0] == 503
        known.controller.synced = True
        assert (await asyncio.to_thread(fetch, f"{url}/readyz"))[0] == 200
        _, text = await asyncio.to_thread(fetch, f"{url}/metrics")
        assert "plat_operator_writes_total 7.0" in text
        assert "plat_operator_queue_depth 3.0" in text
        assert 'plat_operator_reconciles_total{outcome="errors"} 0.0' in text
        assert 'plat_operator_reconcile_seconds_bucket{le="0.1"} 0.0' in text
        known.reflectors[0].heard -= 1000
        status, body = await asyncio.to_thread(fetch, f"{url}/healthz")
        assert (status, "pods" in body) == (503, True)
