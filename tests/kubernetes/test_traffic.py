"""Calls through two gateways while replicas, services and the API server fail."""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from .functions import Functions
from .installation import NAMESPACE, OPERATORS, Gateway, path
from .process import until

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(300)]

AWAY = 60
"""Seconds without an API server."""
LOST = (0, "")
"""Result of a call whose connection ended without a response."""


def test_two_gateways_share_the_concurrency_limit(
    functions: Functions, gateway: Gateway, counting: str
) -> None:
    """The image would accept any number of calls, so only the gateways limit them."""
    functions.apply(
        "hello",
        image=counting,
        timeout="60s",
        concurrency=1,
        scale={"min": 0, "max": 10, "idle": "5s"},
        resources={"requests": {"cpu": "10m", "memory": "16Mi"}},
    )
    functions.wait("hello")
    functions.until_reason("hello", "Idle")
    functions.kubectl("wait", "--for=delete", "pods", "--all", "--timeout=60s")
    with ThreadPoolExecutor(100) as callers:
        answers = list(callers.map(lambda _: gateway.ask(path(functions)), range(100)))
    assert Counter(status for status, _ in answers) == {200: 100}
    reports = [json.loads(text) for _, text in answers]
    assert {one["peak"] for one in reports} == {1}
    assert 1 < len({one["replica"] for one in reports}) <= 10
    assert functions.get("deployment/hello-1")["spec"]["replicas"] <= 10


def test_no_call_fails_while_a_new_revision_rolls_out(
    functions: Functions, gateway: Gateway
) -> None:
    functions.apply("hello", timeout="30s")
    functions.wait("hello")
    with gateway.load(path(functions, "/slow?seconds=0.1")) as answers:
        functions.apply("hello", timeout="30s", env=[{"name": "A", "value": "2"}])
        functions.wait("hello")
        until(lambda: gateway.ask(path(functions)) == (200, "hello-2 /"))
    assert Counter(answers) == {(200, "slept"): len(answers)}


def test_no_call_fails_while_the_operator_is_killed(functions: Functions, gateway: Gateway) -> None:
    functions.apply("hello", timeout="30s")
    functions.wait("hello")
    with gateway.load(path(functions, "/slow?seconds=0.1")) as answers:
        [pod] = gateway.pods(OPERATORS)
        gateway.delete(pod, "--grace-period=0", "--force")
        gateway.rolled_out("operator")
        functions.apply("hello", timeout="30s", env=[{"name": "A", "value": "2"}])
        functions.wait("hello")
    assert Counter(answers) == {(200, "slept"): len(answers)}


def test_no_call_fails_while_a_gateway_stops(functions: Functions, gateway: Gateway) -> None:
    functions.apply("hello", timeout="30s", scale={"min": 2, "max": 2})
    functions.wait("hello")
    with gateway.load(path(functions, "/slow?seconds=0.1")) as answers:
        gateway.delete(gateway.pods()[0])
        gateway.rolled_out()
    assert Counter(answers) == {(200, "slept"): len(answers)}


def test_killing_a_gateway_fails_only_calls_on_its_connections(
    functions: Functions, gateway: Gateway
) -> None:
    functions.apply("hello", timeout="30s", scale={"min": 2, "max": 2})
    functions.wait("hello")
    with ThreadPoolExecutor(8) as callers:
        calls = [callers.submit(gateway.ask, path(functions, "/slow?seconds=8")) for _ in range(8)]
        until(lambda: sum(_in_flight(gateway, functions).values()) == 8, what="all are in flight")
        killed, *_ = carried = _in_flight(gateway, functions)
        gateway.kill(killed)
        answers = Counter(call.result() for call in calls)
    assert answers[200, "slept"] == 8 - carried[killed]
    assert answers[LOST] == carried[killed]
    gateway.rolled_out()
    assert gateway.ask(path(functions)) == (200, "hello-1 /")


def test_calls_in_flight_survive_the_deletion_of_their_pod(
    functions: Functions, gateway: Gateway
) -> None:
    """A pod finishes its calls before it exits."""
    functions.apply("hello", timeout="30s", scale={"min": 1, "max": 1})
    functions.wait("hello")
    with ThreadPoolExecutor(6) as callers:
        calls = [callers.submit(gateway.ask, path(functions, "/slow?seconds=12")) for _ in range(6)]
        until(lambda: sum(_in_flight(gateway, functions).values()) == 6, what="six are in flight")
        functions.kubectl("delete", "pods", "--all", "--wait=false")
        later = gateway.ask(path(functions))
        assert [call.result() for call in calls] == [(200, "slept")] * 6
    assert later == (200, "hello-1 /")


def test_calls_succeed_without_the_api_server(functions: Functions, gateway: Gateway) -> None:
    """A minute without it; later changes are observed within a minute, without a restart."""
    functions.apply("hello", timeout="30s", scale={"min": 1, "max": 1})
    functions.wait("hello")
    before = _restarts(gateway)
    with (
        gateway.load(path(functions, "/slow?seconds=0.1"), callers=2) as answers,
        gateway.cluster.without_api_server(),
    ):
        began = len(answers)
        time.sleep(AWAY)
        until(lambda: len(answers) >= began + 100, what="calls go on")
    assert Counter(answers) == {(200, "slept"): len(answers)}
    functions.kubectl("patch", "fn/hello", "--type=merge", "-p", '{"spec": {"suspend": true}}')
    until(
        lambda: gateway.ask(path(functions))[0] == 503, seconds=60, what="the function is suspended"
    )
    functions.until_reason("hello", "Suspended")
    assert _restarts(gateway) == before


def _restarts(gateway: Gateway) -> dict[str, int]:
    """Return the restart counts of the platform's pods."""
    found = gateway.cluster.get("-n", NAMESPACE, "pods")["items"]
    return {
        pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"]
        for pod in found
    }


def _in_flight(gateway: Gateway, functions: Functions) -> dict[str, int]:
    """Return the calls in flight of each gateway, from their metrics."""
    counts = {}
    for pod in gateway.pods():
        lines = gateway.metrics(pod).splitlines()
        ours = [line for line in lines if line.startswith("plat_function_calls_in_flight{")]
        found = [line for line in ours if f'namespace="{functions.namespace}"' in line]
        counts[pod] = sum(int(float(line.rpartition(" ")[2])) for line in found)
    return counts
