"""The platform as its chart installs it: called through the gateway, asleep and awake."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from .cluster import GATEWAY_PORT, REGISTRY, ROOT, Cluster, run
from .functions import Functions
from .process import fetch, until

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(600)]

TOKEN = "a-token-of-the-test"
NAMESPACE = "plat-system"


class Gateway:
    """The gateway at its fixed port of the node."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, path: str, *, data: bytes | None = None) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        return fetch(self._url + path, data=data, **headers)


@pytest.fixture(scope="module")
def gateway(cluster: Cluster) -> Iterator[Gateway]:
    for part in ("gateway", "operator"):
        pushed = f"localhost:{cluster.registry_port}/plat-{part}:test"
        run("docker", "build", "--quiet", "--target", part, "--tag", pushed, ROOT)
        run("docker", "push", "--quiet", pushed)
    helm = ("helm", "--kubeconfig", cluster.kubeconfig, "--namespace", NAMESPACE)
    run(
        *(*helm, "upgrade", "--install", "plat", ROOT / "charts/plat", "--create-namespace"),
        *("--set", f"authToken={TOKEN},image.registry={REGISTRY},image.tag=test"),
        *("--set", f"gateway.nodePort={GATEWAY_PORT},image.pullPolicy=Always"),
        *("--wait", "--timeout", "180s"),
    )
    strict = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("label", "--overwrite", "namespace", NAMESPACE, strict)
    yield Gateway(cluster.gateway)
    run(*helm, "uninstall", "plat", "--wait")


def path(functions: Functions, rest: str = "/") -> str:
    return f"/function/hello.{functions.namespace}{rest}"


def test_a_function_is_called_put_to_sleep_and_woken_once(
    functions: Functions, gateway: Gateway
) -> None:
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


def test_api_and_kubectl_are_one_truth(functions: Functions, gateway: Gateway) -> None:
    functions.apply("hello")
    functions.wait("hello")
    query = f"?namespace={functions.namespace}"
    status, text = gateway.ask(f"/functions/hello{query}")
    assert (status, json.loads(text)["status"]["revision"]) == (200, "hello-1")
    status, _ = gateway.ask(f"/functions/hello/stop{query}", data=b"")
    assert status == 200
    functions.until_reason("hello", "Suspended")
    assert gateway.ask(path(functions))[0] == 503
    assert gateway.ask(f"/functions/hello/start{query}", data=b"")[0] == 200
    until(lambda: gateway.ask(path(functions))[0] == 200)
    gateway.ask(path(functions, "/marked"))
    until(lambda: "called /marked" in gateway.ask(f"/functions/hello/logs{query}")[1])


def test_no_call_fails_while_a_new_revision_rolls_out(
    functions: Functions, gateway: Gateway
) -> None:
    functions.apply("hello", timeout="30s")
    functions.wait("hello")
    answers: list[tuple[int, str]] = []
    done = threading.Event()

    def call() -> None:
        while not done.is_set():
            answers.append(gateway.ask(path(functions, "/slow?seconds=0.1")))

    with ThreadPoolExecutor(4) as callers:
        for _ in range(4):
            callers.submit(call)
        functions.apply("hello", timeout="30s", env=[{"name": "A", "value": "2"}])
        functions.wait("hello")
        until(lambda: gateway.ask(path(functions)) == (200, "hello-2 /"))
        done.set()
    assert len(answers) > 10
    assert set(answers) == {(200, "slept")}
