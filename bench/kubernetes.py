"""Measures the overhead of plat on kind: apply, wake-up, and deploys of edited source.

    python -m bench.kubernetes [rounds]

It has the requirements of the tests marked `kubernetes`, and uses the cluster `PLAT_KIND_CLUSTER`
if it is set. Each figure is compared with a plain Deployment and Service of the same image and
readiness probe, in the same round.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench._deploying import Deploys
from bench._platform import spread
from tests.kubernetes import cluster as kind
from tests.kubernetes.functions import Functions
from tests.kubernetes.installation import NAMESPACE, Gateway, install

SPACE = "bench"
SMALL = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}


def main(rounds: int) -> None:
    """Print a table for each measurement."""
    with tempfile.TemporaryDirectory(prefix="plat-bench-") as folder:
        cluster, end = kind.start(Path(folder))
        uninstall = install(cluster)
        try:
            image = kind.runtime_image(cluster)
            cluster.kubectl("create", "namespace", SPACE)
            functions = Functions(cluster, SPACE, image)
            print(f"{'on kind':44} {'min ms':>8} {'median':>8} {'max':>8}")
            _applied(functions, rounds)
            _woken(functions, Gateway(cluster), rounds)
            _deployed(cluster, Path(folder), rounds)
        finally:
            cluster.kubectl("delete", "namespace", SPACE, "--ignore-not-found")
            uninstall()
            end()


def _applied(functions: Functions, rounds: int) -> None:
    """Measure the time from the manifest until the function is ready."""
    taken: dict[str, list[float]] = {"bare": [], "plat": []}
    for number in range(rounds):
        taken["bare"].append(_seconds(_bare_ready, functions, f"bare-{number}"))
        taken["plat"].append(_seconds(_plat_ready, functions, f"hello-{number}"))
        functions.kubectl("delete", f"fn/hello-{number}", f"deployment/bare-{number}")
        functions.kubectl("delete", "pods", "--all", "--grace-period=0", "--force")
    _compare("kubectl apply until ready", taken, 1.5)


def _bare_ready(functions: Functions, name: str) -> None:
    functions.cluster.apply(*_bare(functions, name, replicas=1))
    functions.kubectl("wait", "--for=condition=Available", f"deployment/{name}", "--timeout=90s")


def _plat_ready(functions: Functions, name: str) -> None:
    functions.apply(name, resources=SMALL)
    functions.kubectl("wait", "--for=condition=Ready", f"fn/{name}", "--timeout=90s")


def _woken(functions: Functions, gateway: Gateway, rounds: int) -> None:
    """Measure the time from zero replicas to the first response."""
    functions.cluster.apply(*_bare(functions, "bare", replicas=0))
    functions.apply("hello", resources=SMALL, timeout="60s")
    functions.wait("hello")
    script = Path(__file__).with_name("_from_zero.py").read_text(encoding="utf-8")
    pod = gateway.pods()[0]
    command = ("exec", "-i", "-n", NAMESPACE, pod, "--", "python", "-", SPACE, str(rounds))
    _compare(
        "from zero to the first response",
        json.loads(gateway.cluster.kubectl(*command, text=script)),
        1.2,
    )
    functions.kubectl("delete", "fn/hello", "deployment/bare", "service/bare")


def _deployed(cluster: kind.Cluster, folder: Path, rounds: int) -> None:
    """Measure a deploy of edited source until its pod responds, by phase."""
    with Deploys(cluster, folder, SPACE) as deploys:
        deploys.once(0)
        seen = [deploys.once(number + 1) for number in range(rounds)]
    for phase in seen[0]:
        print(f"{'  ' + phase:44} {spread([one[phase] for one in seen])}")
    total = [sum(one.values()) for one in seen]
    print(f"{'edited source until the new pod responds':44} {spread(total)}   target 4000")


def _compare(what: str, taken: dict[str, list[float]], target: float) -> None:
    bare, plat = taken.values()
    ratio = median(p / b for b, p in zip(bare, plat, strict=True))
    print(f"{what + ', by hand':44} {spread(bare)}")
    print(f"{what + ', plat':44} {spread(plat)}   ratio {ratio:.2f}, target {target}")


def _bare(functions: Functions, name: str, *, replicas: int) -> list[dict[str, Any]]:
    labels = {"app": name}
    container = {
        "name": "function",
        "image": functions.image,
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {"name": "PORT", "value": "8080"},
            {"name": "HOME", "value": "/tmp"},
            {"name": "PLAT_REVISION", "value": "bare"},
        ],
        "ports": [{"containerPort": 8080}],
        "resources": SMALL,
        "readinessProbe": {"httpGet": {"path": "/_/ready", "port": 8080}, "periodSeconds": 1},
    }
    metadata = {"name": name, "namespace": functions.namespace}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    template["spec"]["terminationGracePeriodSeconds"] = 1
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": template,
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
        },
    ]


def _seconds(work: Callable[[Functions, str], None], functions: Functions, name: str) -> float:
    began = time.perf_counter()
    work(functions, name)
    return time.perf_counter() - began


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}: {error.stderr}")
