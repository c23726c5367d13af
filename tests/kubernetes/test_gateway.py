"""The gateway of the chart: calls, scale to zero and the API."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from .cluster import ROOT
from .functions import Functions
from .installation import Gateway, path
from .process import until

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(600)]


def test_scales_to_zero_and_wakes_once(functions: Functions, gateway: Gateway) -> None:
    functions.apply("hello", timeout="30s")
    functions.wait("hello")
    assert gateway.ask(path(functions, "/world")) == (200, "hello-1 /world")
    functions.kubectl("scale", "fn/hello", "--replicas=0")
    functions.until_reason("hello", "Idle")
    functions.kubectl("wait", "--for=delete", "pods", "--all", "--timeout=60s")
    with ThreadPoolExecutor(10) as callers:
        answers = list(callers.map(lambda _: gateway.ask(path(functions)), range(10)))
    assert answers == [(200, "hello-1 /")] * 10
    assert functions.get("deployment/hello-1")["spec"]["replicas"] == 1


def test_the_api_and_kubectl_show_the_same_state(functions: Functions, gateway: Gateway) -> None:
    functions.apply("hello")
    functions.wait("hello")
    query = f"?namespace={functions.namespace}"

    def revision() -> object:
        _, text = gateway.ask(f"/functions/hello{query}")
        return json.loads(text).get("status", {}).get("revision")

    # kubectl reads from the API server, the gateway from its watch
    until(lambda: revision() == "hello-1")
    status, _ = gateway.ask(f"/functions/hello/stop{query}", data=b"")
    assert status == 200
    functions.until_reason("hello", "Suspended")
    assert gateway.ask(path(functions))[0] == 503
    assert gateway.ask(f"/functions/hello/start{query}", data=b"")[0] == 200
    until(lambda: gateway.ask(path(functions))[0] == 200)
    gateway.ask(path(functions, "/marked"))
    until(lambda: "called /marked" in gateway.ask(f"/functions/hello/logs{query}")[1])


def test_a_function_with_an_invalid_stored_spec_keeps_serving(
    functions: Functions, gateway: Gateway
) -> None:
    functions.apply("hello")
    functions.wait("hello")
    maximum = (
        "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/concurrency/maximum"
    )
    loose = json.dumps([{"op": "remove", "path": maximum}])
    gateway.cluster.kubectl("patch", "crd/functions.plat.dev", "--type=json", "-p", loose)
    try:
        until(lambda: _stored(functions, concurrency=100_000), what="it is stored")
    finally:
        gateway.cluster.kubectl("apply", "-f", str(ROOT / "crds"))
    assert "concurrency" in functions.until_reason("hello", "SpecInvalid")
    assert gateway.ask(path(functions)) == (200, "hello-1 /")
    assert functions.names("pods") != []
    functions.apply("hello", concurrency=5)
    functions.wait("hello")
    until(lambda: gateway.ask(path(functions)) == (200, "hello-2 /"))


def _stored(functions: Functions, **spec: int) -> bool:
    try:
        functions.apply("hello", **spec)
    except AssertionError:
        return False
    return True
