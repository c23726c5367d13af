"""A gateway whose API server is spoiled: it goes on with what it knew, and sees the rest later.

On an API server alone: there are no pods, and what it answers about a function says what it knows.
"""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bench._control_plane import ControlPlane

from .process import Service, fetch, until
from .test_crash_points import IMAGE, Known, plane, spoiled
from .wire import KUBECONFIG, Wire

__all__ = ["plane", "spoiled"]

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(120)]

TOKEN = "a-token-of-the-test"
UNKNOWN, STOPPED = "function-not-found", "function-suspended"


class Watcher:
    """A gateway as a process, which reaches the API server through the wire."""

    def __init__(self, plane: ControlPlane, spoiled: Wire, folder: Path) -> None:
        self._plane, kubeconfig = plane, folder / "config"
        kubeconfig.write_text(KUBECONFIG.format(port=spoiled.port), encoding="utf-8")
        known: Any = Known(kubeconfig)
        self.service = Service(
            *("plat_gateway", known, folder / "log"),
            PLAT_BACKEND="kubernetes",
            PLAT_HOME=str(folder / "home"),
            PLAT_PORT="0",
            DATABASE_URL=f"sqlite:///{folder}/calls.db",
            AUTH_TOKEN=TOKEN,
        )

    def apply(self, name: str, **spec: Any) -> None:
        document = {
            "apiVersion": "plat.dev/v1alpha1",
            "kind": "Function",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"image": IMAGE, "access": "public", **spec},
        }
        self._plane.kubectl("apply", "-f", "-", text=json.dumps(document))

    def answer(self, name: str) -> str:
        """The code of a call's problem; with no replica anywhere, it is answered at once."""
        _, text = fetch(f"{self.url}/function/{name}.default/")
        return str(json.loads(text)["code"]) if text else ""

    def state(self, call: str) -> str:
        """Of an asynchronous call."""
        status, text = fetch(f"{self.url}{call}", Authorization=f"Bearer {TOKEN}")
        assert status == 200, text
        return str(json.loads(text)["state"])

    @property
    def url(self) -> str:
        told = re.findall(r"plat serves at \S+:(\d+)", self.service.log)
        return f"http://127.0.0.1:{told[-1]}" if told else "http://127.0.0.1:9"


@pytest.fixture
def gateway(plane: ControlPlane, spoiled: Wire, tmp_path: Path) -> Iterator[Watcher]:
    watcher = Watcher(plane, spoiled, tmp_path)
    watcher.apply("known", suspend=True)
    watcher.service.start()
    try:
        until(lambda: watcher.answer("known") == STOPPED, what="the gateway knows it")
        assert watcher.answer("later") == UNKNOWN
        yield watcher
        assert watcher.service.running
    finally:
        spoiled.refuse = lambda request: 0
        watcher.service.end()
        plane.kubectl("delete", "fn", "--all", "-n", "default")


def test_a_version_that_is_too_old_is_listed_anew(gateway: Watcher, spoiled: Wire) -> None:
    asked: list[str] = []

    def gone(request: web.Request) -> int:
        if "watch" not in request.query:
            return 0
        asked.append(request.path)
        return 410

    spoiled.refuse = gone
    spoiled.cut()
    gateway.apply("later", suspend=True)
    until(lambda: gateway.answer("later") == STOPPED, seconds=30, what="it was listed")
    assert any(path.endswith("/functions") for path in asked)
    assert gateway.answer("known") == STOPPED
    spoiled.refuse = lambda request: 0
    gateway.apply("last", suspend=True)
    until(lambda: gateway.answer("last") == STOPPED, seconds=30, what="it is watched again")


@pytest.mark.parametrize("code", [429, 500])
def test_with_an_api_server_that_refuses_everything_what_was_known_holds(
    gateway: Watcher, spoiled: Wire, code: int
) -> None:
    refused: list[str] = []

    def refuse(request: web.Request) -> int:
        refused.append(request.path)
        return code

    spoiled.refuse = refuse
    spoiled.cut()
    until(lambda: any(p.endswith("/functions") for p in refused), what="its watch is gone")
    gateway.apply("later", suspend=True)
    until(lambda: len(refused) > 8, what="it asks again and again")
    assert (gateway.answer("known"), gateway.answer("later")) == (STOPPED, UNKNOWN)
    spoiled.refuse = lambda request: 0
    until(lambda: gateway.answer("later") == STOPPED, seconds=30, what="it is seen afterwards")


def test_a_call_outlives_a_restart_before_its_function_is_seen(
    gateway: Watcher, spoiled: Wire
) -> None:
    """Who began a moment ago has heard of no function; that does not mean that there is none."""
    status, text = fetch(f"{gateway.url}/async-function/known.default/", data=b"")
    assert status == 202
    call = f"/calls/{json.loads(text)['id']}"
    asked: list[str] = []

    def refuse(request: web.Request) -> int:
        asked.append(request.path)
        return 500 if request.path.endswith("/functions") else 0

    gateway.service.end(signal.SIGKILL)
    spoiled.refuse = refuse
    before = gateway.url
    gateway.service.start()
    until(lambda: gateway.url != before, what="it serves again")
    until(lambda: any(p.endswith("/known") for p in asked), what="it asks for the function")
    assert gateway.state(call) == "queued"
    spoiled.refuse = lambda request: 0
    until(lambda: gateway.answer("known") == STOPPED, seconds=30, what="it is seen")
    assert gateway.state(call) == "queued"
