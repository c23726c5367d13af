"""Measures the operator: a backlog of Functions at scale zero, a restart, and a quiet period.

    python -m bench.operator [functions [quiet-seconds]]

It runs against etcd and an API server on this machine. `bare` is a loop that writes the same
children in the same run, without plat's planning, queue and watches. The API server counts writes.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from plat_backends.kubernetes import Api, PodPolicy, kinds, manifests
from plat_core.model.function import Condition, FunctionSpec, FunctionStatus
from plat_core.model.names import FunctionRef
from plat_core.ports import Revision

from bench import _control_plane as control_plane
from bench._control_plane import ControlPlane

IMAGE = "localhost:5001/bench@sha256:" + "0" * 64
SPEC: dict[str, Any] = {"image": IMAGE, "scale": {"replicas": 0}}
DEADLINE = 300.0
MIB = 1024 * 1024
MAX_CONCURRENCY = 50
"""Functions that the bare loop writes concurrently."""


@dataclass(frozen=True)
class Operator:
    """A running operator process."""

    process: psutil.Process
    log: Path

    def ready(self) -> bool:
        """Return whether it has reconciled every Function."""
        ports = re.findall(r"probes on 127\.0\.0\.1:(\d+)", self.log.read_text(encoding="utf-8"))
        if not ports:
            return False
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{ports[-1]}/readyz", timeout=30) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def until_ready(self) -> None:
        """Wait until the operator is ready."""
        end = time.monotonic() + DEADLINE
        while not self.ready():
            if time.monotonic() > end or not self.process.is_running():
                raise TimeoutError("the operator does not become ready")
            time.sleep(0.05)

    def cpu(self) -> float:
        """Return the CPU time so far, in seconds."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> float:
        """Return the resident memory in MiB."""
        return float(self.process.memory_info().rss / MIB)


@contextmanager
def operator(plane: ControlPlane, log: Path) -> Iterator[Operator]:
    """Run the operator as a process with default settings."""
    environment = _environment() | {"KUBECONFIG": str(plane.kubeconfig), "PLAT_PROBE_PORT": "0"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "plat_operator"], env=environment, stdout=output, stderr=output
        )
        try:
            yield Operator(psutil.Process(process.pid), log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _environment() -> dict[str, str]:
    """Return the environment with bytecode enabled, as in an image."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


async def create(api: Api, namespace: str, count: int) -> list[dict[str, Any]]:
    """Create the Functions and return the stored objects."""
    body = {"metadata": {"name": namespace}}
    await api.create("/api/v1/namespaces", body, manager="bench")

    async def one(number: int) -> dict[str, Any]:
        document = {
            "apiVersion": kinds.FUNCTIONS.version,
            "kind": kinds.FUNCTIONS.name,
            "metadata": {"name": f"f{number}", "namespace": namespace},
            "spec": SPEC,
        }
        return await api.create(kinds.FUNCTIONS.path(namespace), document, manager="bench")

    return await _each(range(count), one)


async def bare(api: Api, functions: list[dict[str, Any]]) -> None:
    """Write the same objects as the operator in a plain loop."""
    policy = PodPolicy()

    async def one(function: dict[str, Any]) -> None:
        ref, owner = kinds.ref_of(function), function["metadata"]["uid"]
        revision = Revision(ref, 1, IMAGE, FunctionSpec.model_validate(SPEC), datetime.now(UTC))
        children = (
            (kinds.DEPLOYMENTS, manifests.deployment(revision, policy, owner=owner, replicas=0)),
            (kinds.SERVICES, manifests.service(ref, owner=owner, serving=1)),
        )
        stored = manifests.revision_object(revision, owner=owner)
        await api.create(kinds.REVISIONS.path(ref.namespace), stored, manager="bench")
        for kind, child in children:
            path = kind.path(ref.namespace, child["metadata"]["name"])
            await api.apply(path, child, manager="bench")
        body = {**function, "status": _status()}
        path = kinds.FUNCTIONS.path(ref.namespace, ref.name) + "/status"
        await api.replace(path, body, manager="bench")

    await _each(functions, one)


def _status() -> dict[str, Any]:
    facts = ("Ready", "Built", "Available", "Progressing")
    now = datetime.now(UTC)
    conditions = tuple(
        Condition(type=fact, status="True", reason="Idle", last_transition_time=now)
        for fact in facts
    )
    return FunctionStatus(observed_generation=1, conditions=conditions).document()


async def _each(items: Any, work: Any) -> list[Any]:
    limit = asyncio.Semaphore(MAX_CONCURRENCY)

    async def one(item: Any) -> Any:
        async with limit:
            return await work(item)

    return list(await asyncio.gather(*(one(item) for item in items)))


async def settled(api: Api, namespace: str, count: int) -> float:
    """Wait for the status of the last Function; return the monotonic time of its write."""
    seen: set[FunctionRef] = set()
    path = kinds.FUNCTIONS.path(namespace)
    async with asyncio.timeout(DEADLINE):
        async for line in api.lines(path, watch="true"):
            function = json.loads(line)["object"]
            if function.get("status", {}).get("observedGeneration"):
                seen.add(kinds.ref_of(function))
            if len(seen) == count:
                return time.monotonic()
    raise TimeoutError("the watch ended early")


async def floor(plane: ControlPlane, count: int) -> float:
    """Return the Functions per second of the bare loop."""
    async with Api.open(str(plane.kubeconfig), rate=10_000) as api:
        functions = await create(api, "bare", count)
        began, cpu, writes = time.monotonic(), time.process_time(), plane.writes()
        await bare(api, functions)
        rate = count / (time.monotonic() - began)
    spent, written = time.process_time() - cpu, plane.writes() - writes
    print(
        f"{'bare loop':28}{rate:8.1f}/s {1000 * spent / count:6.1f} ms CPU, "
        f"{written / count:.2f} writes each"
    )
    return rate


async def backlog(plane: ControlPlane, log: Path, count: int) -> float:
    """Return the Functions per second of the operator, including the start of its process."""
    async with Api.open(str(plane.kubeconfig), rate=10_000) as api:
        await create(api, "backlog", count)
        writes, began = plane.writes(), time.monotonic()
        with operator(plane, log) as it:
            rate = count / (await settled(api, "backlog", count) - began)
            await asyncio.to_thread(it.until_ready)
            written, memory = plane.writes() - writes, it.memory()
            print(
                f"{'operator, from its start':28}{rate:8.1f}/s {1000 * it.cpu() / count:6.1f} ms "
                f"CPU, {written / count:.2f} writes each, {memory:.0f} MiB"
                "   target 50/s, 10 ms, 4, 150 MB"
            )
    return rate


async def restart(plane: ControlPlane, log: Path, count: int, quiet: float) -> None:
    """Measure a restart and a quiet period with nothing to reconcile."""
    writes, began = plane.writes(), time.monotonic()
    with operator(plane, log) as it:
        await asyncio.to_thread(it.until_ready)
        seconds = time.monotonic() - began
        print(
            f"{f'restart, {count} settled':28}{seconds:8.1f} s {plane.writes() - writes:4d} writes,"
            f" {it.cpu():.1f} s CPU, {it.memory():.0f} MiB   target 10 s, 0"
        )
        writes, cpu = plane.writes(), it.cpu()
        await asyncio.sleep(quiet)
        print(
            f"{f'{quiet:g} quiet seconds':28}{plane.writes() - writes:12d} writes, "
            f"{1000 * (it.cpu() - cpu) / quiet:.1f} ms CPU a second, {it.memory():.0f} MiB"
            "   target 0"
        )


def main(count: int, quiet: float) -> None:
    """Measure on new control planes."""
    if program := control_plane.missing():
        print(f"bench.operator needs {program} on the PATH; skipped")
        return
    warm = [sys.executable, "-c", "import plat_operator.__main__"]
    subprocess.run(warm, env=_environment(), check=True)
    with tempfile.TemporaryDirectory(prefix="plat-bench-") as name:
        folder = Path(name)
        with control_plane.running(folder / "bare") as plane:
            bare_rate = asyncio.run(floor(plane, count))
        with control_plane.running(folder / "operator") as plane:
            rate = asyncio.run(backlog(plane, folder / "log", count))
            print(f"{'operator / bare':28}{rate / bare_rate:8.2f}")
            asyncio.run(restart(plane, folder / "again", count, quiet))


if __name__ == "__main__":
    given = [float(argument) for argument in sys.argv[1:]]
    main(int(given[0]) if given else 1000, given[1] if len(given) > 1 else 60.0)
