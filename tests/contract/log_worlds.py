"""Writers of the lines that a `LogSource` reads: direct calls, or pods of a cluster."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, aclosing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from plat_backends.embedded import EmbeddedLogs
from plat_backends.kubernetes import Cache, KubernetesLogs, Reflector, kinds
from plat_backends.memory import MemoryLogs
from plat_core.model.names import FunctionRef
from plat_core.ports import LogQuery, LogRecord

from ..kubernetes.cluster import Cluster, listing, run
from .kubernetes_worlds import open_api, running
from .samples import REF

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAMESPACE = "contract-logs"
WRITERS = 14
"""Pods that wait for text to write: two tests need two, the others one."""
WRITER = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        sys.stdout.buffer.write(self.rfile.read(int(self.headers["Content-Length"])))
        sys.stdout.buffer.flush()
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass
HTTPServer(("", 8080), Handler).serve_forever()
"""


class Line(NamedTuple):
    """The fields of a line that a test writes and expects."""

    text: str
    replica: str = "a"
    call: str | None = None


class LogWorld(Protocol):
    """A `LogSource` of one test, with replica names that the test chooses."""

    async def write(self, *lines: Line, ref: FunctionRef = REF) -> None:
        """Write lines in order; they are readable afterwards."""
        ...

    def read(self, query: LogQuery) -> AsyncGenerator[Line, None]:
        """Return the lines of REF."""
        ...


class WrittenLogs:
    """Lines of the memory and the embedded backend, which are added directly."""

    def __init__(self, logs: EmbeddedLogs | MemoryLogs) -> None:
        self._logs = logs
        self._seconds = itertools.count(1)

    async def write(self, *lines: Line, ref: FunctionRef = REF) -> None:
        for line in lines:
            time = START + timedelta(seconds=next(self._seconds))
            record = LogRecord(time, line.replica, "orders-1", "stdout", line.text, line.call)
            self._logs.add(ref, record)

    async def read(self, query: LogQuery) -> AsyncGenerator[Line, None]:
        async with aclosing(self._logs.read(REF, query)) as records:
            async for record in records:
                assert (record.revision, record.stream) == ("orders-1", "stdout")
                yield Line(record.text, record.replica, record.call_id)


@dataclass(frozen=True)
class Writers:
    """Pods that are still unused."""

    cluster: Cluster
    free: list[str]

    def take(self, ref: FunctionRef) -> str:
        """Return an unused pod and assign it to a function."""
        name = self.free.pop()
        labels = (f"{kinds.FUNCTION}={ref.name}", f"{kinds.REVISION}=1")
        self.kubectl("label", "pod", name, *labels)
        return name

    def write(self, pod: str, text: str) -> None:
        """Let a pod write text, and wait until the kubelet has it."""
        address = self.kubectl("get", "pod", pod, "-o", "jsonpath={.status.podIP}")
        before = self.kubectl("logs", pod)
        node = f"{self.cluster.name}-control-plane"
        command = ("docker", "exec", "-i", node, "curl", "-s", "--fail", "--data-binary", "@-")
        run(*command, f"http://{address}:8080/", text=text)
        while len(self.kubectl("logs", pod)) < len(before + text):
            continue

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        return self.cluster.kubectl("-n", NAMESPACE, *arguments, text=text)


@contextmanager
def writers(cluster: Cluster, image: str) -> Iterator[Writers]:
    """Start all pods that the suite needs, concurrently."""
    names = [f"writer-{number}" for number in range(WRITERS)]
    cluster.kubectl("create", "namespace", NAMESPACE)
    try:
        cluster.kubectl(
            *("-n", NAMESPACE, "apply", "-f", "-"),
            text=json.dumps(listing(tuple(_pod(name, image) for name in names))),
        )
        ready = ("wait", "pods", "--all", "--for=condition=Ready", "--timeout=120s")
        cluster.kubectl("-n", NAMESPACE, *ready)
        yield Writers(cluster, names)
    finally:
        cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def _pod(name: str, image: str) -> kinds.Document:
    command = ["python", "-c", WRITER]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {kinds.MANAGED_BY: kinds.MANAGER}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "function",
                    "image": image,
                    "command": command,
                    "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
                }
            ],
        },
    }


class KubernetesLogWorld:
    """Logs of a cluster; each test uses new functions, because lines cannot be deleted."""

    _numbers = itertools.count(1)

    def __init__(self, pods: Writers) -> None:
        self._pods = pods
        self._number = next(self._numbers)
        self._replicas: dict[tuple[FunctionRef, str], str] = {}
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        """Start to watch the pods."""
        api = await self._stack.enter_async_context(open_api(self._pods.cluster.kubeconfig))
        self._cache = Cache()
        watch = Reflector(api, kinds.PODS, self._cache, namespace=NAMESPACE)
        await self._stack.enter_async_context(running(watch))
        self._logs = KubernetesLogs(api, self._cache)

    async def close(self) -> None:
        """Stop the watch."""
        await self._stack.aclose()

    async def write(self, *lines: Line, ref: FunctionRef = REF) -> None:
        for replica, group in itertools.groupby(lines, lambda line: line.replica):
            pod = await self._pod(ref, replica)
            text = "".join(
                f"[call {line.call}] {line.text}\n" if line.call else f"{line.text}\n"
                for line in group
            )
            await asyncio.to_thread(self._pods.write, pod, text)

    async def read(self, query: LogQuery) -> AsyncGenerator[Line, None]:
        names = {pod: name for (ref, name), pod in self._replicas.items() if ref == REF}
        ours = {name: pod for pod, name in names.items()}
        replica = ours.get(query.replica) if query.replica else None
        replica_query = LogQuery(query.tail, query.follow, query.call_id, replica)
        records = self._logs.read(self._there(REF), replica_query)
        async with aclosing(records) as found:
            async for record in found:
                assert (record.revision, record.stream) == (f"{self._there(REF).name}-1", "stdout")
                yield Line(record.text, self._name(record.replica), record.call_id)

    def _name(self, pod: str) -> str:
        return next(name for (_, name), known in self._replicas.items() if known == pod)

    def _there(self, ref: FunctionRef) -> FunctionRef:
        return FunctionRef(f"{ref.name}-{ref.namespace}-{self._number}", NAMESPACE)

    async def _pod(self, ref: FunctionRef, replica: str) -> str:
        if (ref, replica) not in self._replicas:
            there = self._there(ref)
            self._replicas[ref, replica] = await asyncio.to_thread(self._pods.take, there)
            async with asyncio.timeout(20):
                while not self._seen(there, self._replicas[ref, replica]):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        return self._replicas[ref, replica]

    def _seen(self, ref: FunctionRef, pod: str) -> bool:
        return any(kinds.name_of(document) == pod for document in self._cache.of_function(ref))
