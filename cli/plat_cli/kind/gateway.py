"""The gateway as callers reach it: at its port of this machine."""

from __future__ import annotations

import time

from plat_core.errors import Unavailable

from plat_cli.client import Client
from plat_cli.errors import Unreachable
from plat_cli.kind import cluster
from plat_cli.kind.subprocesses import OnProgress
from plat_cli.kind.target import KindCluster

PATIENCE = 60.0
"""Seconds: after a cluster was restarted, its pods come back one by one, at other addresses."""


def wait_until_ready(target: KindCluster, on_progress: OnProgress) -> None:
    """Wait until the gateway says that it is ready; raises Unavailable."""
    on_progress(f"waits for {target.url}")
    call(target, "/readyz", on_progress)


def call(target: KindCluster, path: str, on_progress: OnProgress) -> str:
    """What it answers there, as soon as that is a 200; raises Unavailable with the last answer."""
    end = time.monotonic() + PATIENCE
    while True:
        status, text = _asked(target, path)
        if status == 200:
            return text
        said = f"{target.url}{path} answers {status}: {text}" if status else text
        if time.monotonic() > end:
            look = "-n plat-system get pods"
            raise Unavailable(said, fix=cluster.kubectl_line(target, look))
        on_progress(said)
        time.sleep(0.5)


def _asked(target: KindCluster, path: str) -> tuple[int, str]:
    client = Client(target.url, timeout=PATIENCE)
    try:
        answered = client.send("GET", path)
        return answered.status, answered.read(4096).decode("utf-8", "replace").strip()
    except (Unreachable, OSError) as error:
        return 0, str(error)
    finally:
        client.close()
