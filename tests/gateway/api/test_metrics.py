"""Metrics in the Prometheus text format."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest
from plat_core.errors import Unavailable
from plat_core.model.calls import Call, CallRequest, QueueBound
from plat_core.model.function import FunctionStatus
from plat_core.model.names import FunctionRef
from plat_core.ports import Route
from prometheus_client.parser import text_string_to_metric_families

from tests.gateway.api.conftest import Platform, Put
from tests.route_fixtures import make_route


@dataclass
class Counted:
    classes: list[int] = field(default_factory=lambda: [0, 0, 7, 0, 1, 2])
    buckets: list[int] = field(default_factory=lambda: [5, 4, 1])
    seconds: float = 3.5
    cold_starts: int = 2


@dataclass
class Sampled:
    route: Route
    in_flight: int = 3
    waiting: int = 4
    counters: Counted = field(default_factory=Counted)


def route(ref: FunctionRef) -> Route:
    return make_route(ref.name, ref=ref, state="ready")


async def test_counters_are_read_at_scrape_time(
    anonymous: httpx.AsyncClient, platform: Platform, put: Put, orders: FunctionRef
) -> None:
    await put()
    status = FunctionStatus(replicas=3, ready_replicas=1)
    await platform.store.put_status(orders, status, serving=0, failed=0)
    platform.samples.append(Sampled(route(orders)))
    response = await anonymous.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
    expected = {
        ("plat_function_calls_total", "2xx"): 7,
        ("plat_function_calls_total", "5xx"): 2,
        ("plat_function_call_duration_seconds_bucket", "0.1"): 5,
        ("plat_function_call_duration_seconds_bucket", "1.0"): 9,
        ("plat_function_call_duration_seconds_bucket", "+Inf"): 10,
        ("plat_function_call_duration_seconds_count",): 10,
        ("plat_function_call_duration_seconds_sum",): 3.5,
        ("plat_function_calls_in_flight",): 3,
        ("plat_function_calls_waiting",): 4,
        ("plat_function_cold_starts_total",): 2,
        ("plat_function_replicas", "ready"): 1,
        ("plat_function_replicas", "unready"): 2,
    }
    for (name, *labels), value in expected.items():
        assert samples[(name, *sorted(["default", "orders", *labels]))] == value
    assert samples[("plat_functions",)] == 1
    assert samples[("plat_build_info", "0.1.0", "memory")] == 1
    assert any(name.startswith("process_resident_memory") for name, *_ in samples)


async def test_a_platform_without_functions_has_metrics(anonymous: httpx.AsyncClient) -> None:
    assert "plat_functions 0.0" in (await anonymous.get("/metrics")).text


async def test_counts_unfinished_asynchronous_calls_by_state(
    anonymous: httpx.AsyncClient, platform: Platform, orders: FunctionRef
) -> None:
    now = datetime.now(UTC)
    for name in ("one", "two", "three"):
        call = Call(name, orders, "POST", "/", now, now)
        await platform.queue.add(call, CallRequest("POST", "/"), QueueBound(10, 1000))
    await platform.queue.claim({orders: 1}, holder="a", now=now, until=now)
    text = (await anonymous.get("/metrics")).text
    series = 'plat_function_async_calls{function="orders",namespace="default",state='
    assert f'{series}"queued"}} 2.0' in text
    assert f'{series}"running"}} 1.0' in text


async def test_an_unavailable_database_removes_no_other_metric(
    anonymous: httpx.AsyncClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> None:
        raise Unavailable("the database does not response")

    monkeypatch.setattr(platform.queue, "unfinished", away)
    text = (await anonymous.get("/metrics")).text
    assert "plat_functions 0.0" in text
    assert "plat_function_async_calls{" not in text
