"""A node stops with all its pods and starts again."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from .cluster import run
from .functions import Functions
from .installation import NAMESPACE, Gateway, path
from .process import until

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(400)]

NOBODY = (502, 503, 504)
"""Allowed status codes without a replica; any other would come from a wrong pod."""


def _answers(gateway: Gateway) -> bool:
    return "ok" in gateway.cluster.kubectl("get", "--raw", "/readyz", check=False)


def test_functions_recover_after_the_restart_of_their_node(
    functions: Functions, gateway: Gateway
) -> None:
    """The node runs the functions, and may run the API server too."""
    for name in ("hello", "other"):
        functions.apply(name, access="public", scale={"min": 1, "max": 2})
    for name in ("hello", "other"):
        functions.wait(name)
    seen: list[tuple[str, int, str]] = []

    def asked(name: str) -> bool:
        found = _ask(gateway.url + path(functions, name=name))
        seen.extend([(name, *found)] if found else [])
        return found is not None and found[0] == 200

    node = functions.get("pods")["items"][0]["spec"]["nodeName"]
    run("docker", "stop", "--timeout=2", node)
    run("docker", "start", node)
    for name in ("hello", "other"):
        until(lambda name=name: asked(name), seconds=180, what=f"{name} answers")  # type: ignore[misc]
    for name, status, text in seen:
        assert status in NOBODY or (status, text) == (200, f"{name}-1 /")
    _settle(gateway)
    functions.apply("hello", access="public", env=[{"name": "A", "value": "2"}])
    functions.wait("hello", seconds=180)
    until(lambda: gateway.ask(path(functions)) == (200, "hello-2 /"))


def _settle(gateway: Gateway) -> None:
    """Wait until the cluster has recovered, for the next tests."""
    until(lambda: _answers(gateway), seconds=120, what="the API server is back")
    ready = ("wait", "--for=condition=Ready", "--timeout=180s")
    gateway.cluster.kubectl(*ready, "nodes", "--all")
    for namespace in ("kube-system", NAMESPACE):
        gateway.cluster.kubectl("-n", namespace, *ready, "pods", "--all")


def _ask(url: str) -> tuple[int, str] | None:
    """Return the response of the platform, or None for a response without a call id."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return (error.code, error.read().decode()) if error.headers["X-Call-Id"] else None
    except OSError:
        return None
