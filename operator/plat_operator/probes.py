"""What the kubelet and Prometheus ask: alive, ready, metrics."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import accumulate
from typing import Final

from aiohttp import web
from plat_core.services.controller import Controller
from plat_core.services.workqueue import DURATIONS
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from plat_operator.wiring import Operator

DEAD: Final = 240.0
"""Seconds of silence after which a watch is dead: it is begun anew long before."""


def silent(operator: Operator, *, now: float, sweep: float) -> list[str]:
    """What has not been heard from for too long."""
    watches = [r.kind.plural for r in operator.reflectors if now - r.heard > DEAD]
    late = now - operator.swept > 5 * sweep + 60
    return [*watches, *(["functions"] if late else [])]


class _Numbers(Collector):
    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def collect(self) -> list[Metric]:
        """The operator's figures at this moment."""
        caches = self._operator.caches
        objects = GaugeMetricFamily(
            "plat_operator_objects", "Objects in the operator's caches.", labels=["kind"]
        )
        for kind in ("functions", "revisions", "deployments", "pods", "services"):
            objects.add_metric([kind], len(getattr(caches, kind)))
        return [
            objects,
            CounterMetricFamily(
                "plat_operator_writes", "Writes to the API server.", self._operator.api.written
            ),
            *_work(self._operator.controller),
        ]


def _work(controller: Controller) -> list[Metric]:
    metrics = controller.metrics
    outcomes = CounterMetricFamily(
        "plat_operator_reconciles", "Looks at a Function, by their outcome.", labels=["outcome"]
    )
    for outcome in ("done", "conflicts", "errors"):
        outcomes.add_metric([outcome], getattr(metrics, outcome))
    durations = HistogramMetricFamily(
        "plat_operator_reconcile_seconds", "How long a look at a Function took."
    )
    sums = list(accumulate(metrics.durations))
    bounds = [*(f"{bound:g}" for bound in DURATIONS), "+Inf"]
    durations.add_metric([], list(zip(bounds, sums, strict=True)), metrics.seconds)
    return [
        outcomes,
        durations,
        GaugeMetricFamily(
            "plat_operator_queue_depth", "Functions that wait for a look.", controller.depth
        ),
    ]


@asynccontextmanager
async def serve(operator: Operator, *, host: str, port: int, sweep: float) -> AsyncIterator[int]:
    """Answer `/healthz`, `/readyz` and `/metrics`; yields the port."""
    numbers = CollectorRegistry()
    numbers.register(_Numbers(operator))

    async def health(_: web.Request) -> web.Response:
        quiet = silent(operator, now=time.monotonic(), sweep=sweep)
        text = f"nothing heard of: {', '.join(quiet)}" if quiet else "ok"
        return web.Response(text=text, status=503 if quiet else 200)

    async def ready(_: web.Request) -> web.Response:
        return web.Response(text="ok", status=200 if operator.controller.synced else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(numbers), content_type="text/plain")

    app = web.Application()
    app.add_routes(
        [web.get("/healthz", health), web.get("/readyz", ready), web.get("/metrics", metrics)]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
