"""Measures an idle platform: memory and CPU time, empty and with 50 functions.

python -m bench.idle
"""

from __future__ import annotations

import time

import psutil

from bench._platform import Platform, running

FUNCTIONS = 50
QUIET = 20.0
MIB = 1024 * 1024


def cost(platform: Platform) -> tuple[float, float, int]:
    """Return resident MiB, milliseconds of CPU time per second, and number of processes."""
    before = {process.pid: _cpu(process) for process in platform.processes()}
    time.sleep(QUIET)
    processes = platform.processes()
    memory = sum(process.memory_info().rss for process in processes) / MIB
    spent = sum(_cpu(process) - before.get(process.pid, 0.0) for process in processes)
    return memory, spent / QUIET * 1000, len(processes)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Print a row for each state."""
    rows = []
    with running() as (platform, folder):
        rows.append(("empty", cost(platform)))
        source = folder / "idle"
        source.mkdir()
        (source / "app.py").write_text('def handler(request):\n    return "hi"\n')
        for n in range(FUNCTIONS):
            platform.plat("deploy", source, "--name", f"idle-{n}")
        for n in range(FUNCTIONS):
            platform.asleep(f"idle-{n}")
        rows.append((f"{FUNCTIONS} functions asleep", cost(platform)))
        platform.plat("down")
        platform.plat("up", "--detach")
        rows.append((f"{FUNCTIONS} asleep, after a restart", cost(platform)))
    print(f"{'idle platform':28} {'MiB':>8} {'cpu ms/s':>9} {'processes':>10}   target 120 MiB")
    for name, (memory, cpu, processes) in rows:
        print(f"{name:28} {memory:8.1f} {cpu:9.2f} {processes:10d}")


if __name__ == "__main__":
    main()
