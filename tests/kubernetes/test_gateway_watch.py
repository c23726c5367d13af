"""A gateway keeps serving from its last state while the API server fails, and catches up later.

The control plane runs without nodes.
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

from .faulty_proxy import KUBECONFIG, FaultyProxy
from .process import Service, fetch, until
from .test_crash_points import IMAGE, KubeconfigOnly, faulty, plane

__all__ = ["faulty", "plane"]

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(120)]

TOKEN = "a-token-of-the-test"
UNKNOWN, STOPPED = "function-not-found", "function-suspended"


class Watcher:
    """A gateway process that connects to the API server through the faulty proxy."""

    def __init__(self, plane: ControlPlane, faulty: FaultyProxy, folder: Path) -> None:
        self._plane, kubeconfig = plane, folder / "config"
        kubeconfig.write_text(KUBECONFIG.format(port=faulty.port), encoding="utf-8")
        connection: Any = KubeconfigOnly(kubeconfig)
        self.service = Service(
            *("plat_gateway", connection, folder / "log"),
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
        """Call a function and return the code of the problem document."""
        _, text = fetch(f"{self.url}/function/{name}.default/")
        return str(json.loads(text)["code"]) if text else ""

    def state(self, call: str) -> str:
        """Return the state of an asynchronous call."""
        status, text = fetch(f"{self.url}{call}", Authorization=f"Bearer {TOKEN}")
        assert status == 200, text
        return str(json.loads(text)["state"])

    @property
    def url(self) -> str:
        ports = re.findall(r"plat serves at \S+:(\d+)", self.service.log)
        return f"http://127.0.0.1:{ports[-1]}" if ports else "http://127.0.0.1:9"


@pytest.fixture
def gateway(plane: ControlPlane, faulty: FaultyProxy, tmp_path: Path) -> Iterator[Watcher]:
    watcher = Watcher(plane, faulty, tmp_path)
    watcher.apply("first", suspend=True)
    watcher.service.start()
    try:
        until(lambda: watcher.answer("first") == STOPPED, what="the gateway has the function")
        assert watcher.answer("later") == UNKNOWN
        yield watcher
        assert watcher.service.running
    finally:
        faulty.refuse = lambda request: 0
        watcher.service.end()
        plane.kubectl("delete", "fn", "--all", "-n", "default")


def test_lists_again_after_an_expired_version(gateway: Watcher, faulty: FaultyProxy) -> None:
    asked: list[str] = []

    def expired(request: web.Request) -> int:
        if "watch" not in request.query:
            return 0
        asked.append(request.path)
        return 410

    faulty.refuse = expired
    faulty.cut()
    gateway.apply("later", suspend=True)
    until(
        lambda: gateway.answer("later") == STOPPED, seconds=30, what="the gateway has listed again"
    )
    assert any(path.endswith("/functions") for path in asked)
    assert gateway.answer("first") == STOPPED
    faulty.refuse = lambda request: 0
    gateway.apply("last", suspend=True)
    until(lambda: gateway.answer("last") == STOPPED, seconds=30, what="the gateway watches again")


@pytest.mark.parametrize("code", [429, 500])
def test_keeps_its_state_while_the_api_server_rejects_everything(
    gateway: Watcher, faulty: FaultyProxy, code: int
) -> None:
    refused: list[str] = []

    def refuse(request: web.Request) -> int:
        refused.append(request.path)
        return code

    faulty.refuse = refuse
    faulty.cut()
    until(lambda: any(p.endswith("/functions") for p in refused), what="its watch has ended")
    gateway.apply("later", suspend=True)
    until(lambda: len(refused) > 8, what="the gateway retries")
    assert (gateway.answer("first"), gateway.answer("later")) == (STOPPED, UNKNOWN)
    faulty.refuse = lambda request: 0
    until(
        lambda: gateway.answer("later") == STOPPED,
        seconds=30,
        what="the new function is found afterwards",
    )


def test_a_queued_call_survives_a_restart_before_the_first_list(
    gateway: Watcher, faulty: FaultyProxy
) -> None:
    """A function may exist that a gateway has not listed yet after its start."""
    status, text = fetch(f"{gateway.url}/async-function/first.default/", data=b"")
    assert status == 202
    call = f"/calls/{json.loads(text)['id']}"
    asked: list[str] = []

    def refuse(request: web.Request) -> int:
        asked.append(request.path)
        return 500 if request.path.endswith("/functions") else 0

    gateway.service.end(signal.SIGKILL)
    faulty.refuse = refuse
    before = gateway.url
    gateway.service.start()
    until(lambda: gateway.url != before, what="the gateway serves again")
    until(
        lambda: any(p.endswith("/first") for p in asked), what="the gateway requests the function"
    )
    assert gateway.state(call) == "queued"
    faulty.refuse = lambda request: 0
    until(lambda: gateway.answer("first") == STOPPED, seconds=30, what="the function is found")
    assert gateway.state(call) == "queued"
