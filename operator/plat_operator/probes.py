"""HTTP server for the kubelet's probes and for Prometheus."""

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

MAX_EVENT_AGE: Final = 240.0
"""Seconds without an event after which a watch counts as stalled; it restarts long before."""


def stalled(operator: Operator, *, now: float, sweep: float) -> list[str]:
    """Return the watches that have received no event for too long."""
    watches = [r.kind.plural for r in operator.reflectors if now - r.last_event_at > MAX_EVENT_AGE]
    overdue = now - operator.swept_at > 5 * sweep + 60
    return [*watches, *(["functions"] if overdue else [])]


class OperatorCollector(Collector):
    """Metrics of an operator, read when Prometheus scrapes."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def collect(self) -> list[Metric]:
        """Return the current values of all metrics."""
        caches = self._operator.caches
        objects = GaugeMetricFamily(
            "plat_operator_objects", "Objects in the operator's caches.", labels=["kind"]
        )
        for kind in ("functions", "revisions", "deployments", "pods", "services"):
            objects.add_metric([kind], len(getattr(caches, kind)))
        return [
            objects,
            CounterMetricFamily(
                "plat_operator_writes", "Writes to the API server.", self._operator.api.write_count
            ),
            *_reconcile_metrics(self._operator.controller),
        ]


def _reconcile_metrics(controller: Controller) -> list[Metric]:
    metrics = controller.metrics
    outcomes = CounterMetricFamily(
        "plat_operator_reconciles", "Reconciles of a Function by outcome.", labels=["outcome"]
    )
    for outcome in ("done", "conflicts", "errors"):
        outcomes.add_metric([outcome], getattr(metrics, outcome))
    durations = HistogramMetricFamily("plat_operator_reconcile_seconds", "Duration of a reconcile.")
    sums = list(accumulate(metrics.durations))
    bounds = [*(f"{bound:g}" for bound in DURATIONS), "+Inf"]
    durations.add_metric([], list(zip(bounds, sums, strict=True)), metrics.seconds)
    return [
        outcomes,
        durations,
        GaugeMetricFamily(
            "plat_operator_queue_depth", "Functions that wait for a reconcile.", controller.depth
        ),
    ]


@asynccontextmanager
async def serve(operator: Operator, *, host: str, port: int, sweep: float) -> AsyncIterator[int]:
    """Serve `/healthz`, `/readyz` and `/metrics`, and yield the port."""
    metrics_registry = CollectorRegistry()
    metrics_registry.register(OperatorCollector(operator))

    async def health(_: web.Request) -> web.Response:
        watches = stalled(operator, now=time.monotonic(), sweep=sweep)
        text = f"no events of: {', '.join(watches)}" if watches else "ok"
        return web.Response(text=text, status=503 if watches else 200)

    async def ready(_: web.Request) -> web.Response:
        return web.Response(text="ok", status=200 if operator.controller.synced else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics_registry), content_type="text/plain")

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
