"""Metrics in the Prometheus text format, computed for each scrape.

The data path only counts integers; this module reads them. Metric names follow the conventions of
Prometheus: base units, `_total` for counters.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from plat_core.errors import Unavailable
from plat_core.model.function import Function
from plat_core.services.async_calls import AsyncCalls
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from plat_gateway.call_samples import FunctionSample
from plat_gateway.services import Services

log = logging.getLogger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LABELS = ("namespace", "function")


class Metrics:
    """The counters of the gateway itself, and metrics of its process."""

    def __init__(self) -> None:
        self.builds = dict.fromkeys(("finished", "unchanged", "failed"), 0)
        """Builds by result."""
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)

    async def exposition(self, services: Services) -> bytes:
        """Return all metrics as text."""
        functions = await services.functions.list()
        families = [
            _build_info(services),
            _builds(self.builds),
            *_calls(services.samples(), services.buckets),
            *_replicas(functions),
        ]
        if services.calls is not None:
            families.append(await _queue(services.calls))
        scrape = CollectorRegistry()
        scrape.register(_Families(families))
        return bytes(generate_latest(scrape)) + bytes(generate_latest(self._process))


class _Families(Collector):
    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _build_info(services: Services) -> Metric:
    info = InfoMetricFamily("plat_build", "The running platform.")
    info.add_metric([], {"version": services.version, "backend": services.backend})
    return info


def _builds(counts: Mapping[str, int]) -> Metric:
    builds = CounterMetricFamily("plat_builds", "Builds by their end.", labels=("result",))
    for result, count in counts.items():
        builds.add_metric([result], count)
    return builds


def _calls(samples: Iterable[FunctionSample], bounds: Sequence[float]) -> Iterator[Metric]:
    calls = CounterMetricFamily(
        "plat_function_calls",
        "Calls that ended, by class of status.",
        labels=(*LABELS, "code"),
    )
    durations = HistogramMetricFamily(
        "plat_function_call_duration_seconds", "How long calls took.", labels=LABELS
    )
    in_flight = GaugeMetricFamily(
        "plat_function_calls_in_flight", "Calls that replicas work on.", labels=LABELS
    )
    waiting = GaugeMetricFamily(
        "plat_function_calls_waiting", "Calls that wait for a replica.", labels=LABELS
    )
    cold = CounterMetricFamily(
        "plat_function_cold_starts", "How often a call woke the function.", labels=LABELS
    )
    for sample in samples:
        labels = [sample.route.ref.namespace, sample.route.ref.name]
        counters = sample.counters
        for digit, count in enumerate(counters.classes):
            if digit:
                calls.add_metric([*labels, f"{digit}xx"], count)
        durations.add_metric(labels, _cumulated(counters.buckets, bounds), counters.seconds)
        in_flight.add_metric(labels, sample.in_flight)
        waiting.add_metric(labels, sample.waiting)
        cold.add_metric(labels, counters.cold_starts)
    yield from (calls, durations, in_flight, waiting, cold)


async def _queue(calls: AsyncCalls) -> Metric:
    """Return the calls per state, read from the database that all gateways share."""
    unfinished = GaugeMetricFamily(
        "plat_function_async_calls",
        "Asynchronous calls that are not over, by state; the same at every gateway.",
        labels=(*LABELS, "state"),
    )
    try:
        counts = await calls.unfinished()
    except Unavailable as error:
        # An unreachable database must not hide the other metrics.
        log.warning("no metrics of asynchronous calls: %s", error)
        return unfinished
    for (ref, state), count in counts.items():
        unfinished.add_metric([ref.namespace, ref.name, state], count)
    return unfinished


def _cumulated(buckets: Sequence[int], bounds: Sequence[float]) -> list[tuple[str, float]]:
    names = [*(str(float(bound)) for bound in bounds), "+Inf"]
    return list(zip(names, accumulate(buckets), strict=True))


def _replicas(functions: Sequence[Function]) -> Iterator[Metric]:
    replicas = GaugeMetricFamily(
        "plat_function_replicas", "Replicas by state.", labels=(*LABELS, "state")
    )
    for function in functions:
        status, ref = function.status, function.ref
        if status is not None:
            unready = max(0, status.replicas - status.ready_replicas)
            for state, count in (("ready", status.ready_replicas), ("unready", unready)):
                replicas.add_metric([ref.namespace, ref.name, state], count)
    yield replicas
    total = GaugeMetricFamily("plat_functions", "Functions that are stored.")
    total.add_metric([], len(functions))
    yield total
