"""Measures the console in a browser: load time, delay of updates, and cost.

    python -m bench.console [rounds [events]]

Needs Chromium and a built console (`make ui`). Each figure has a baseline of the same run: an empty
page of the same gateway, a plain client of the event stream, or a blank page. The events of an hour
are sent within some minutes, by changing the scale of 500 functions one after the other. Samples of
the last five minutes depend on the clock: the console's tests limit them, and no figure has them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench._platform import TOKEN, Platform, running

ROOT = Path(__file__).parents[1]
NPM = ROOT / "hack" / "npm"
HOUR = 7_200
"""Events of an hour at two per second, from 60 functions that wake and sleep every minute."""
HELLO = "def handler(request):\n    return 'ok'\n"

Found = dict[str, Any]


def main(rounds: int, events: int) -> None:
    """Print the sizes, then a table for each other measurement."""
    print(_npm("run", "--silent", "size"))
    with running() as (platform, folder):
        _deploy(platform, folder)
        found = json.loads(
            _npm(
                *("run", "--silent", "measure"),
                PLAT_URL=f"http://localhost:{platform.port}",
                PLAT_TOKEN=TOKEN,
                ROUNDS=str(rounds),
                EVENTS=str(events),
            )
        )
    _loads(found)
    _changes(found["status"])
    _scrolling(found["scroll"])
    _hour(found["hour"])


def _deploy(platform: Platform, folder: Path) -> None:
    source = folder / "real"
    source.mkdir()
    (source / "app.py").write_text(HELLO)
    platform.plat("deploy", source, "--name", "real")


def _npm(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [NPM, *arguments],
        env=os.environ | environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def _loads(found: Found) -> None:
    floor = median(found["empty"])
    print(f"{'a first visit':44} {'least':>7} {'median':>7} {'most':>7} {'vs empty':>9}")
    _row("an empty page of the same gateway, ms", found["empty"], floor)
    for name, key in (("1 function", "loads"), ("501 functions", "full")):
        loads = found[key]
        _row(f"{name}: first paint, ms", [load["paint"] for load in loads], floor)
        _row(f"{name}: interactive, ms", [load["interactive"] for load in loads], floor)
        blocked = median(load["blocked"] for load in loads)
        print(f"{name + ': blocked beyond 50 ms, ms':44} {'':7} {blocked:7.0f}")


def _changes(rows: Sequence[Found]) -> None:
    bare = [row["bare"] for row in rows]
    print(f"\n{'a change of status, from the request':44} {'least':>7} {'median':>7} {'most':>7}")
    _row("heard by a bare listener of /events, ms", bare, median(bare))
    _row("seen in the console, ms (target 1000)", [row["console"] for row in rows], median(bare))


def _scrolling(found: Found) -> None:
    floor = median(found["floor"])
    print(f"\n{'scrolling 501 functions, a frame':44} {'least':>7} {'median':>7} {'most':>7}")
    _row("a blank page, ms", found["floor"], floor)
    _row(f"the console ({found['rows']} rows in the page), ms", found["frames"], floor)


def _hour(found: Found) -> None:
    points = found["points"]
    print(f"\n{'what events leave behind':44} {'events':>7} {'heap MiB':>9} {'DOM nodes':>10}")
    for name, point in zip(("at the start", "after half", "after all"), points, strict=True):
        print(f"{name:44} {point['events']:7d} {point['mib']:9.1f} {point['nodes']:10.0f}")
    seconds, events = found["seconds"], points[-1]["events"]
    print(f"sent within {seconds:.0f} s; an hour with two a second has {HOUR}, this was {events}")


def _row(name: str, values: Sequence[float], floor: float) -> None:
    low, mid, high = min(values), median(values), max(values)
    print(f"{name:44} {low:7.0f} {mid:7.0f} {high:7.0f} {mid / floor:9.1f}")


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*(given + [5, HOUR][len(given) :]))
