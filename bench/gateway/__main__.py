"""Measure the gateway and nginx in turns, and print the results."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console
from rich.table import Table

from bench.gateway import load

ROUNDS = 3
SECONDS = 4.0
CONNECTIONS = 64
CALLS = 3000
GIB = 1024**3

NGINX = """
daemon off; master_process off; worker_processes 1; error_log stderr error; pid {folder}/{name}.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
  fastcgi_temp_path {folder}/{name}-f; uwsgi_temp_path {folder}/{name}-u;
  scgi_temp_path {folder}/{name}-s;
  {http}
}}
"""
UPSTREAM = """server { listen unix:%s; location / { default_type text/plain; return 200 "ok"; } }"""
MIDDLE = """
  upstream function { server unix:%s; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:%d;
    location / { proxy_pass http://function; proxy_http_version 1.1;
      proxy_set_header Connection ""; }
  }
"""


@dataclass
class Contestant:
    """A proxy that is compared."""

    name: str
    port: int
    process: psutil.Process
    rates: list[float] = field(default_factory=list)
    per_cpu_second: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def measure(self) -> None:
        """Run one round of load."""
        before, began = self.cpu(), time.perf_counter()
        rate = load.requests_per_second(self.port, connections=CONNECTIONS, seconds=SECONDS)
        cpu, elapsed = self.cpu() - before, time.perf_counter() - began
        self.rates.append(rate)
        self.per_cpu_second.append(rate * min(elapsed, SECONDS) / cpu)

    def cpu(self) -> float:
        """Return the CPU seconds so far; the scheduler counts bursts below a clock tick, too."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9


def main() -> None:
    """Run all measurements and print the tables."""
    if shutil.which("nginx") is None:
        sys.exit("nginx is missing: apt install nginx-light")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plat-bench-")))
        ok, big = f"{folder}/ok.sock", f"{folder}/big.sock"
        stack.enter_context(_nginx(folder, "upstream", UPSTREAM % ok))
        stack.enter_context(_running([sys.executable, "-m", "bench.gateway.upstream", big]))
        port = _free_port()
        nginx = Contestant(
            "nginx", port, _pin(stack, _nginx(folder, "middle", MIDDLE % (ok, port)))
        )
        plat = Contestant("plat", (port := _free_port()), _pin(stack, _subject(port, f"unix:{ok}")))
        bulk = Contestant(
            "plat", (port := _free_port()), _pin(stack, _subject(port, f"unix:{big}"))
        )
        for contestant in (nginx, plat, bulk):
            _await_port(contestant.port)
        console = Console(width=100)
        console.print(_throughput([nginx, plat]))
        console.print(_latency([nginx, plat], ok))
        console.print(_bulk(bulk))


def _throughput(contestants: list[Contestant]) -> Table:
    for _ in range(ROUNDS):
        for contestant in contestants:
            contestant.measure()
    table = Table("proxy", "requests/s", "vs nginx", "per CPU-second", "vs nginx")
    table.title = f"{CONNECTIONS} connections, one core, {'wrk' if shutil.which('wrk') else 'own'}"
    rate, cpu = median(contestants[0].rates), median(contestants[0].per_cpu_second)
    for contestant in contestants:
        own_rate, own_cpu = median(contestant.rates), median(contestant.per_cpu_second)
        table.add_row(
            contestant.name,
            f"{own_rate:,.0f}",
            f"{own_rate / rate:.2f}",
            f"{own_cpu:,.0f}",
            f"{own_cpu / cpu:.2f}",
        )
    return table


def _latency(contestants: list[Contestant], upstream: str) -> Table:
    direct = []
    for _ in range(ROUNDS):
        direct.append(load.latency(upstream, calls=CALLS))
        for contestant in contestants:
            contestant.latencies.append(load.latency(contestant.port, calls=CALLS))
    base = median(direct)
    added = [median(contestant.latencies) - base for contestant in contestants]
    table = Table("1 connection", "median µs", "added µs", "vs nginx's")
    table.add_row("direct", f"{base * 1e6:.0f}", "", "")
    for contestant, more in zip(contestants, added, strict=True):
        total = f"{median(contestant.latencies) * 1e6:.0f}"
        table.add_row(contestant.name, total, f"{more * 1e6:.0f}", f"{more / added[0]:.2f}")
    return table


def _bulk(contestant: Contestant) -> Table:
    table = Table("1 GiB", "seconds", "MiB/s", "growth MiB")
    load.latency(contestant.port, calls=100)
    for name, move in (("down", load.download), ("up", load.upload)):
        before = contestant.process.memory_info().rss
        seconds = move(contestant.port, GIB)
        growth = (_peak(contestant.process) - before) / 2**20
        table.add_row(name, f"{seconds:.1f}", f"{GIB / 2**20 / seconds:,.0f}", f"{growth:.1f}")
    return table


def _peak(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


@contextmanager
def _running(command: list[str]) -> Iterator[psutil.Process]:
    with subprocess.Popen(command) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


@contextmanager
def _nginx(folder: Path, name: str, http: str) -> Iterator[psutil.Process]:
    conf = folder / f"{name}.conf"
    conf.write_text(NGINX.format(folder=folder, name=name, http=http))
    with _running(["nginx", "-p", str(folder), "-c", str(conf)]) as process:
        yield process


@contextmanager
def _subject(port: int, address: str) -> Iterator[psutil.Process]:
    with _running([sys.executable, "-m", "bench.gateway.subject", str(port), address]) as process:
        yield process


def _pin(stack: ExitStack, running: object) -> psutil.Process:
    """Pin a contestant to the first core; client and upstream may use the others, too."""
    process: psutil.Process = stack.enter_context(running)  # type: ignore[arg-type]
    process.cpu_affinity([min(os.sched_getaffinity(0))])
    return process


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _await_port(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


if __name__ == "__main__":
    main()
