"""Deploys of edited source to a cluster, measured by phase."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.kubernetes.cluster import Cluster, run
from tests.kubernetes.installation import TOKEN, Gateway

SOURCE = "def handler(request):\n    return 'version {}'\n"
PLAT = Path(sys.executable).with_name("plat")


class Deploys:
    """A source folder, and a watch of the pods of a namespace."""

    def __init__(self, cluster: Cluster, folder: Path, namespace: str) -> None:
        self._cluster, self._namespace = cluster, namespace
        self._gateway = Gateway(cluster)
        self._source = folder / "edited"
        self._source.mkdir()
        self._moments: dict[str, dict[str, float]] = {}
        self._watch = self._start_watch()

    def __enter__(self) -> Self:
        base = f"localhost:{self._cluster.registry_port}/plat/runtime-python:{version('plat-faas')}"
        run("docker", "tag", "plat-test-runtime", base)
        run("docker", "push", "--quiet", base)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._watch.terminate()
        self._watch.wait(30)

    def once(self, number: int) -> dict[str, float]:
        """Return the seconds of each phase, from the command until the new pod responds."""
        (self._source / "app.py").write_text(SOURCE.format(number))
        log: list[tuple[float, str]] = []
        began = time.time()
        with ThreadPoolExecutor(1) as command:
            deployed = command.submit(self._deploy, log)
            path, wanted = f"/function/edited.{self._namespace}/", (200, f"version {number}")
            while self._gateway.ask(path) != wanted:
                if deployed.done():
                    deployed.result()
                time.sleep(0.01)
            answered = time.time()
        return self._phases(began, answered, log)

    def _deploy(self, log: list[tuple[float, str]]) -> None:
        environment = os.environ | {
            "API_URL": self._gateway.url,
            "AUTH_TOKEN": TOKEN,
        }
        command = [PLAT, "deploy", self._source, "--namespace", self._namespace]
        with subprocess.Popen(
            [*command, "--name", "edited", "--runtime", "python"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            for line in process.stdout or ():
                log.append((time.time(), line.rstrip()))
        if process.returncode:
            raise RuntimeError("\n".join(line for _, line in log))

    def _phases(
        self, began: float, answered: float, log: list[tuple[float, str]]
    ) -> dict[str, float]:
        pod = max(self._moments, key=lambda name: self._moments[name]["created"])
        moments = self._moments[pod]
        built = next(when for when, line in log if line.startswith("✓ build"))
        pulled = self._pulled(pod)
        return {
            "command, build and push": built - began,
            "apply: until there is a pod": moments["created"] - built,
            "schedule": moments["scheduled"] - moments["created"],
            "pull": pulled,
            "sandbox, container, boot: until it answers": answered - moments["scheduled"] - pulled,
        }

    def _pulled(self, pod: str) -> float:
        """Return the seconds of the image pull, from the kubelet's event."""
        events = self._cluster.get("-n", self._namespace, "events")["items"]
        ours = [e for e in events if e["involvedObject"]["name"] == pod and e["reason"] == "Pulled"]
        found = re.search(r" in ([0-9.]+)(ms|s)\b", ours[0]["message"]) if ours else None
        return float(found[1]) / (1000 if found[2] == "ms" else 1) if found else 0.0

    def _start_watch(self) -> subprocess.Popen[str]:
        path = f"/api/v1/namespaces/{self._namespace}/pods?watch=true"
        watch = subprocess.Popen(
            ["kubectl", "--kubeconfig", self._cluster.kubeconfig, "get", "--raw", path],
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._see, args=(watch,), daemon=True).start()
        return watch

    def _see(self, watch: subprocess.Popen[str]) -> None:
        for line in watch.stdout or ():
            pod: dict[str, Any] = json.loads(line)["object"]
            if pod["metadata"]["labels"].get("plat.dev/function") != "edited":
                continue
            moments = self._moments.setdefault(pod["metadata"]["name"], {"created": time.time()})
            if pod["spec"].get("nodeName"):
                moments.setdefault("scheduled", time.time())
