"""plat as its chart installs it, with two gateways, and what tests do through them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from .cluster import GATEWAY_PORT, REGISTRY, ROOT, Cluster, run
from .functions import Functions
from .process import fetch, until

TOKEN = "a-token-of-the-test"
NAMESPACE = "plat-system"
CHART = str(ROOT / "charts/plat")
GATEWAYS = "app.kubernetes.io/component=gateway"
OPERATORS = "app.kubernetes.io/component=operator"
Answer = tuple[int, str]
SOURCES = json.dumps(
    [
        {
            "to": [
                {
                    "namespaceSelector": {},
                    "podSelector": {"matchLabels": {"plat-test": "sources"}},
                }
            ],
            "ports": [{"port": 8080, "protocol": "TCP"}],
        }
    ]
)
"""Additional egress of the builder, to the pods from which the tests serve sources."""


class Gateway:
    """The gateways, behind one port of the node: a connection reaches any of them."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.url = cluster.gateway

    def ask(self, path: str, *, data: bytes | None = None, method: str = "") -> Answer:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        return fetch(self.url + path, data=data, method=method, **headers)

    def pods(self, selector: str = GATEWAYS) -> list[str]:
        """Return the names of the pods that are not being deleted."""
        found = self.cluster.get("-n", NAMESPACE, "pods", "-l", selector)["items"]
        return sorted(
            pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"]
        )

    def delete(self, pod: str, *options: str) -> None:
        self.cluster.kubectl("-n", NAMESPACE, "delete", "pod", pod, "--timeout=90s", *options)

    def kill(self, pod: str) -> None:
        """Kill the process of a pod with SIGKILL, and wait until it was restarted."""
        found = self.cluster.get("-n", NAMESPACE, "pod", pod)
        container = found["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
        node, before = found["spec"]["nodeName"], self._restarts(pod)
        # the cgroup identifies the processes of a container
        find = f"grep -l {container} /proc/[0-9]*/cgroup | cut -d/ -f3"
        kill = f"kill -9 $({find})"
        run("docker", "exec", node, "sh", "-c", kill)
        until(lambda: self._restarts(pod) > before, what=f"{pod} is restarted")

    def _restarts(self, pod: str) -> int:
        found = self.cluster.get("-n", NAMESPACE, "pod", pod)["status"]["containerStatuses"][0]
        return int(found["restartCount"]) if found["ready"] else -1

    def metrics(self, pod: str) -> str:
        root = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}:8080/proxy"
        return self.cluster.kubectl("get", "--raw", f"{root}/metrics")

    def rolled_out(self, what: str = "gateway") -> None:
        self.cluster.kubectl(
            *("-n", NAMESPACE, "rollout", "status", f"deployment/plat-{what}", "--timeout=120s")
        )

    @contextmanager
    def load(self, path: str, callers: int = 4) -> Iterator[list[Answer]]:
        """Call in parallel while the body runs, with a new connection for each call.

        At least twenty calls finish before the body, and twenty after it.
        """
        answers: list[Answer] = []
        done = threading.Event()

        def call() -> None:
            while not done.is_set():
                answers.append(self.ask(path))

        def more() -> None:
            target = len(answers) + 20
            until(lambda: len(answers) >= target, what="more calls finish")

        with ThreadPoolExecutor(callers) as pool:
            calls = [pool.submit(call) for _ in range(callers)]
            try:
                more()
                yield answers
                more()
            finally:
                done.set()
        for one in calls:
            one.result()


def path(functions: Functions, rest: str = "/", name: str = "hello") -> str:
    return f"/function/{name}.{functions.namespace}{rest}"


def helm(cluster: Cluster, *arguments: str) -> str:
    """Run Helm in the namespace of the platform."""
    return run("helm", "--kubeconfig", cluster.kubeconfig, "--namespace", NAMESPACE, *arguments)


def install(cluster: Cluster) -> Callable[[], None]:
    """Build, push and install; return the cleanup."""
    for part in ("gateway", "operator", "builder"):
        pushed = f"localhost:{cluster.registry_port}/plat-{part}:test"
        run("docker", "build", "--quiet", "--target", part, "--tag", pushed, ROOT)
        run("docker", "push", "--quiet", pushed)
    database = f"localhost:{cluster.registry_port}/postgres:17"
    run("docker", "tag", "postgres:17", database)
    run("docker", "push", "--quiet", database)
    user = run("docker", "run", "--rm", "--entrypoint", "id", database, "-u", "postgres").strip()
    helm(
        *(cluster, "upgrade", "--install", "plat", CHART, "--create-namespace"),
        *("--set", f"authToken={TOKEN},image.registry={REGISTRY},image.tag=test"),
        *("--set", f"gateway.nodePort={GATEWAY_PORT},image.pullPolicy=Always"),
        *("--set", f"gateway.replicas=2,registry.url=http://{cluster.name}-registry:5000"),
        *("--set", f"postgres.enabled=true,postgres.image={REGISTRY}/postgres:17"),
        *("--set", f"postgres.uid={user}"),
        *("--set", "builder.sourceSchemes={https,http}"),
        *("--set-json", f"networkPolicy.builderEgress={SOURCES}"),
        *("--wait", "--timeout", "180s"),
    )
    strict = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("label", "--overwrite", "namespace", NAMESPACE, strict)
    return lambda: helm(cluster, "uninstall", "plat", "--wait") and None


def scale_operator(cluster: Cluster, count: int) -> None:
    """Scale the installed operator, if there is one, and wait for the result."""
    name = "deployment/plat-operator"
    if not cluster.kubectl("-n", NAMESPACE, "get", name, "--ignore-not-found", "-o", "name"):
        return
    cluster.kubectl("-n", NAMESPACE, "scale", name, f"--replicas={count}")
    if count:
        cluster.kubectl("-n", NAMESPACE, "rollout", "status", name, "--timeout=120s")
    else:
        cluster.kubectl(
            *("-n", NAMESPACE, "wait", "pod", "-l", OPERATORS, "--for=delete", "--timeout=90s")
        )
