"""Requests to the gateway through its port on this machine."""

from __future__ import annotations

import time

from plat_core.errors import Unavailable

from plat_cli.client import Client
from plat_cli.errors import Unreachable
from plat_cli.kind import cluster
from plat_cli.kind.subprocesses import OnProgress
from plat_cli.kind.target import KindCluster

TIMEOUT = 60.0
"""Timeout (s). After a restart of the cluster, pods return one by one with new addresses."""


def wait_until_ready(target: KindCluster, on_progress: OnProgress) -> None:
    """Wait until the gateway is ready. Raises Unavailable."""
    on_progress(f"waiting for {target.url}")
    call(target, "/readyz", on_progress)


def call(target: KindCluster, path: str, on_progress: OnProgress) -> str:
    """Retry a GET until the status is 200 and return the body.

    Raises Unavailable with the last response.
    """
    end = time.monotonic() + TIMEOUT
    while True:
        status, text = _get(target, path)
        if status == 200:
            return text
        error = f"{target.url}{path} responds with {status}: {text}" if status else text
        if time.monotonic() > end:
            arguments = "-n plat-system get pods"
            raise Unavailable(error, fix=cluster.kubectl_line(target, arguments))
        on_progress(error)
        time.sleep(0.5)


def _get(target: KindCluster, path: str) -> tuple[int, str]:
    client = Client(target.url, timeout=TIMEOUT)
    try:
        response = client.send("GET", path)
        return response.status, response.read(4096).decode("utf-8", "replace").strip()
    except (Unreachable, OSError) as error:
        return 0, str(error)
    finally:
        client.close()
