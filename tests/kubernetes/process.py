"""Services as processes outside the cluster, as a developer runs them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from .cluster import ROOT, Cluster

T = TypeVar("T")
NETWORK = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


def until(check: Callable[[], T], *, seconds: float = 90, what: str = "") -> T:
    """Wait until `check` returns a true value, and return it."""
    end = time.monotonic() + seconds
    while not (found := check()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what or check}")
        time.sleep(0.1)
    return found


def fetch(
    url: str, *, data: bytes | None = None, method: str = "", **headers: str
) -> tuple[int, str]:
    """Return status and body; the status is 0 without a response."""
    request = urllib.request.Request(url, data=data, headers=headers, method=method or None)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


class Service:
    """A service of plat, started as `python -m MODULE`."""

    def __init__(self, module: str, cluster: Cluster, log: Path, **settings: str) -> None:
        self._command = [sys.executable, "-m", module]
        environment = {k: v for k, v in os.environ.items() if k not in NETWORK}
        self._environment = {**environment, "KUBECONFIG": str(cluster.kubeconfig), **settings}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, cwd=ROOT, stdout=log, stderr=log
            )

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Send SIGKILL without waiting."""
        if self._process is not None:
            self._process.kill()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the exit, and return the status."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(number)
        return process.wait(60)


class OperatorProcess(Service):
    """An operator whose probes use a free port, which it logs."""

    def __init__(self, cluster: Cluster, log: Path, **settings: str) -> None:
        super().__init__("plat_operator", cluster, log, PLAT_PROBE_PORT="0", **settings)

    @property
    def url(self) -> str:
        ports = re.findall(r"probes on 127\.0\.0\.1:(\d+)", self.log)
        return f"http://127.0.0.1:{ports[-1]}" if ports else "http://127.0.0.1:9"

    def start(self) -> None:
        before = self.log.count("probes on")
        super().start()
        until(lambda: self.log.count("probes on") > before, what="the operator starts")
        until(lambda: fetch(f"{self.url}/readyz")[0] == 200, what="the operator is ready")

    @property
    def writes(self) -> float:
        _, text = fetch(f"{self.url}/metrics")
        return float(re.findall(r"^plat_operator_writes_total (\S+)", text, re.MULTILINE)[0])
