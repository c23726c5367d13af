"""The gateway as callers reach it: at its port of this machine."""

from __future__ import annotations

import time

from plat_core.errors import Unavailable

from plat_cli.client import Client
from plat_cli.faults import Unreachable
from plat_cli.kind import cluster
from plat_cli.kind.place import Place
from plat_cli.kind.programs import Say

PATIENCE = 60.0
"""Seconds: after a cluster was woken, its pods come back one by one, at other addresses."""


def until_ready(place: Place, say: Say) -> None:
    """Wait until the gateway says that it is ready; raises Unavailable."""
    say(f"waits for {place.url}")
    call(place, "/readyz", say)


def call(place: Place, path: str, say: Say) -> str:
    """What it answers there, as soon as that is a 200; raises Unavailable with the last answer."""
    end = time.monotonic() + PATIENCE
    while True:
        status, text = _asked(place, path)
        if status == 200:
            return text
        said = f"{place.url}{path} answers {status}: {text}" if status else text
        if time.monotonic() > end:
            look = "-n plat-system get pods"
            raise Unavailable(said, fix=cluster.typed(place, look))
        say(said)
        time.sleep(0.5)


def _asked(place: Place, path: str) -> tuple[int, str]:
    client = Client(place.url, timeout=PATIENCE)
    try:
        answered = client.send("GET", path)
        return answered.status, answered.read(4096).decode("utf-8", "replace").strip()
    except (Unreachable, OSError) as error:
        return 0, str(error)
    finally:
        client.close()
