"""Liveness, readiness and metrics of the operator."""

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
    last_event_at: float
    kind: Any = PODS


@dataclass
class CountingApi:
    write_count: int = 7


@dataclass
class FakeController:
    synced: bool = False
    depth: int = 3
    metrics: QueueMetrics = field(default_factory=QueueMetrics)


@dataclass
class FakeOperator:
    """The attributes of an operator that the probes use."""

    reflectors: list[Watch]
    swept_at: float = 0.0
    caches: Caches = field(default_factory=Caches)
    controller: FakeController = field(default_factory=FakeController)
    api: CountingApi = field(default_factory=CountingApi)


@pytest.mark.parametrize(
    ("last_event_at", "swept_at", "stalled"),
    [(990, 990, []), (990, 600, ["functions"]), (700, 990, ["pods"])],
)
def test_names_the_watches_without_events(
    last_event_at: float, swept_at: float, stalled: list[str]
) -> None:
    operator: Any = FakeOperator([Watch(last_event_at)], swept_at=swept_at)
    assert probes.stalled(operator, now=1000, sweep=60) == stalled


async def test_serves_probes_and_metrics() -> None:
    loop = asyncio.get_running_loop()
    operator: Any = FakeOperator([Watch(loop.time())], swept_at=loop.time())
    async with probes.serve(operator, host="127.0.0.1", port=0, sweep=60) as port:
        url = f"http://127.0.0.1:{port}"
        assert await asyncio.to_thread(fetch, f"{url}/healthz") == (200, "ok")
        assert (await asyncio.to_thread(fetch, f"{url}/readyz"))[0] == 503
        operator.controller.synced = True
        assert (await asyncio.to_thread(fetch, f"{url}/readyz"))[0] == 200
        _, text = await asyncio.to_thread(fetch, f"{url}/metrics")
        assert "plat_operator_writes_total 7.0" in text
        assert "plat_operator_queue_depth 3.0" in text
        assert 'plat_operator_reconciles_total{outcome="errors"} 0.0' in text
        assert 'plat_operator_reconcile_seconds_bucket{le="0.1"} 0.0' in text
        operator.reflectors[0].last_event_at -= 1000
        status, body = await asyncio.to_thread(fetch, f"{url}/healthz")
        assert (status, "pods" in body) == (503, True)
