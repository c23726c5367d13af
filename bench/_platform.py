"""A temporary platform for a benchmark, on a free port."""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

PLAT = Path(sys.executable).with_name("plat")
TOKEN = "dev-token"
DEADLINE = 60.0


@dataclass(frozen=True)
class Platform:
    """Client of a running platform."""

    port: int
    environment: dict[str, str]

    def plat(self, *arguments: str | Path) -> str:
        """Run a command and return its output."""
        done = subprocess.run(
            [PLAT, *arguments], env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Send a request over a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        try:
            connection.request(
                method, path, json.dumps(body) if body is not None else None, headers
            )
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def status(self, name: str) -> dict[str, Any]:
        """Return the status of a function."""
        found: dict[str, Any] = json.loads(self.request("GET", f"/functions/{name}")[1])["status"]
        return found

    def asleep(self, name: str) -> None:
        """Scale a function to zero, and wait until its replicas have exited."""
        self.request("POST", f"/functions/{name}/scale", {"replicas": 0})
        deadline = time.monotonic() + DEADLINE
        while json.loads(self.request("GET", f"/functions/{name}/replicas")[1])["items"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} does not go to sleep")
            time.sleep(0.02)

    def processes(self) -> list[psutil.Process]:
        """Return the processes of the platform and their children."""
        root = psutil.Process(json.loads((self.home / "plat.lock").read_text())["pid"])
        return [root, *root.children(recursive=True)]

    @property
    def home(self) -> Path:
        """Directory of the platform's state."""
        return Path(self.environment["PLAT_HOME"])


@contextmanager
def running() -> Iterator[tuple[Platform, Path]]:
    """Yield a new platform, and an empty folder for sources."""
    with tempfile.TemporaryDirectory(prefix="plat-bench-") as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        environment = os.environ | {
            "PLAT_HOME": f"{folder}/home",
            "API_URL": f"http://localhost:{port}",
            "PLAT_PORT": str(port),
            "AUTH_TOKEN": TOKEN,
        }
        platform = Platform(port, environment)
        platform.plat("up", "--detach")
        try:
            yield platform, Path(folder)
        finally:
            platform.plat("down")


def spread(seconds: Sequence[float]) -> str:
    """Format minimum, median and maximum in milliseconds."""
    low, mid, high = min(seconds), statistics.median(seconds), max(seconds)
    return f"{low * 1000:8.0f} {mid * 1000:8.0f} {high * 1000:8.0f}"
