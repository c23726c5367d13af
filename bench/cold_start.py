"""Measures calls that wake a sleeping function through the gateway, and their baseline.

    python -m bench.cold_start [rounds]

`floor` is the start of the same artifact by its runtime without plat, in the same round.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from bench._floor import bare_start
from bench._platform import Platform, running, spread

FLASK = """\
from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello():
    return "hi"
"""
PLAIN = 'def handler(request):\n    return "hi"\n'
FUNCTIONS = {"python-flask": (FLASK, 400), "python": (PLAIN, 150)}


def cold_call(platform: Platform, name: str) -> float:
    """Return the seconds of a call that wakes the function."""
    platform.asleep(name)
    began = time.perf_counter()
    status, body = platform.request("GET", f"/function/{name}")
    if status != 200:
        raise RuntimeError(f"{status} {body!r}")
    return time.perf_counter() - began


def prepare(platform: Platform, folder: Path, runtime: str) -> Path:
    """Deploy a function of a runtime, and return its folder."""
    source = folder / runtime
    source.mkdir()
    (source / "app.py").write_text(FUNCTIONS[runtime][0])
    platform.plat("deploy", source, "--name", runtime, "--runtime", runtime)
    return source


def main(rounds: int) -> None:
    """Print a row for each runtime."""
    with running() as (platform, folder):
        sources = {runtime: prepare(platform, folder, runtime) for runtime in FUNCTIONS}
        cold: dict[str, list[float]] = {runtime: [] for runtime in FUNCTIONS}
        floor: dict[str, list[float]] = {runtime: [] for runtime in FUNCTIONS}
        for _ in range(rounds):
            for runtime, source in sources.items():
                cold[runtime].append(cold_call(platform, runtime))
                floor[runtime].append(bare_start(platform.home, source))
    print(f"{'from zero':34} {'min ms':>8} {'median':>8} {'max':>8}")
    for runtime, (_, target) in FUNCTIONS.items():
        print(f"{runtime + ', through the gateway':34} {spread(cold[runtime])}   target {target}")
        print(f"{runtime + ', started bare':34} {spread(floor[runtime])}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
