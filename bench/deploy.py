"""Measures a deploy from the command `plat deploy` until the new code responds.

    python -m bench.deploy [rounds]

`floor` is a start of the same function without plat in the same round: interpreter, Flask and
gunicorn. The first deploy has a warm package cache.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from bench._floor import bare_start
from bench._platform import Platform, running, spread

APP = """\
from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello():
    return "version {}"
"""


def write(folder: Path, version: int) -> None:
    """The source of a function in one version."""
    folder.mkdir(exist_ok=True)
    (folder / "app.py").write_text(APP.format(version))
    (folder / "requirements.txt").write_text("flask>=3\n")


def deploy(platform: Platform, folder: Path, version: int) -> float:
    """Return the seconds from the command until the gateway returns this version."""
    write(folder, version)
    began = time.perf_counter()
    platform.plat("deploy", folder, "--name", folder.name)
    wanted = f"version {version}".encode()
    while (answer := platform.request("GET", f"/function/{folder.name}"))[1] != wanted:
        if time.perf_counter() - began > 60:
            raise TimeoutError(f"still {answer}")
    return time.perf_counter() - began


def main(rounds: int) -> None:
    """Print a row for each kind of deploy."""
    with running() as (platform, folder):
        write(folder / "warm", 0)
        platform.plat("deploy", folder / "warm", "--name", "warm")
        first, edited, same, floor = [], [], [], []
        for n in range(rounds):
            # with a new name and requirement line, no environment can be reused
            source = folder / f"bench-{n}"
            write(source, 0)
            (source / "requirements.txt").write_text(f"flask>=3,<{1000 + n}\n")
            began = time.perf_counter()
            platform.plat("deploy", source, "--name", source.name)
            first.append(time.perf_counter() - began)
            edited.append(deploy(platform, folder / "warm", n + 1))
            began = time.perf_counter()
            platform.plat("deploy", folder / "warm", "--name", "warm")
            same.append(time.perf_counter() - began)
            floor.append(bare_start(platform.home, folder / "warm"))
            platform.request("DELETE", f"/functions/{source.name}")
    print(f"{'plat deploy':34} {'min ms':>8} {'median':>8} {'max':>8}")
    print(f"{'first, Flask, warm package cache':34} {spread(first)}   target 5000")
    print(f"{'edited, until the new code answers':34} {spread(edited)}   target 500")
    print(f"{'the same source again':34} {spread(same)}")
    print(f"{'floor: the function started bare':34} {spread(floor)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
