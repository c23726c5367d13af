"""A kind cluster for the tests, and what they do on it by hand."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NAME = "plat-test"
REGISTRY = "localhost:5001"
"""The registry's name inside the cluster, as in the set-up that the documentation describes."""

CONFIG = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
containerdConfigPatches:
  - |-
    [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = "/etc/containerd/certs.d"
nodes:
  - role: control-plane
    extraPortMappings:
      - {containerPort: 30080, hostPort: 0, listenAddress: 127.0.0.1}
  - role: worker
"""
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
GATEWAY_PORT = 30080
"""The port of the node that the gateway's Service takes; a free one of this machine leads there."""


def run(*command: str | Path, text: str | None = None, check: bool = True) -> str:
    """Run a command to its end; what it wrote is in the error if it fails."""
    result = subprocess.run(
        command, input=text, capture_output=True, text=True, check=False, timeout=300
    )
    if check and result.returncode:
        raise AssertionError(f"{command} ended with {result.returncode}: {result.stderr[-2000:]}")
    return result.stdout


@dataclass(frozen=True)
class Cluster:
    """A cluster that answers; `registry_port` is where this machine reaches its registry."""

    name: str
    kubeconfig: Path
    registry_port: int

    def kubectl(self, *arguments: str, text: str | None = None, check: bool = True) -> str:
        return run("kubectl", "--kubeconfig", self.kubeconfig, *arguments, text=text, check=check)

    def refusal(self, document: dict[str, Any]) -> str:
        """What the API server says against creating it; empty where it says nothing."""
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig)]
        result = subprocess.run(
            [*command, "create", "--dry-run=server", "-f", "-"],
            input=json.dumps(document),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return result.stderr if result.returncode else ""

    def apply(self, *documents: dict[str, Any]) -> None:
        self.kubectl("apply", "-f", "-", text=json.dumps(listing(documents)))

    def get(self, *arguments: str) -> Any:
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def define(self) -> None:
        """Apply the definition of Function, and wait until the API server serves it."""
        self.kubectl("apply", "-f", str(ROOT / "crds"))
        # one that was only just applied may have null for conditions, which kubectl takes ill
        end = time.monotonic() + 60
        while not self._is_defined():
            assert time.monotonic() < end
            time.sleep(0.1)

    def _is_defined(self) -> bool:
        conditions = self.get("crd/functions.plat.dev").get("status", {}).get("conditions") or ()
        return ("Established", "True") in {(c["type"], c["status"]) for c in conditions}

    @contextmanager
    def without_api_server(self) -> Iterator[None]:
        """The API server, a static pod, does not run while the body does."""
        node, there = f"{self.name}-control-plane", "/etc/kubernetes/manifests/kube-apiserver.yaml"
        run("docker", "exec", node, "mv", there, "/etc/kubernetes/away.yaml")
        try:
            self._until_api_server(answers=False)
            yield
        finally:
            run("docker", "exec", node, "mv", "/etc/kubernetes/away.yaml", there)
            self._until_api_server(answers=True)
            # what elects a leader through it ended, and comes back with a growing delay
            ready = ("wait", "--for=condition=Ready", "pods", "--all", "--timeout=180s")
            self.kubectl("-n", "kube-system", *ready)
            self._until_service(node)

    def _until_service(self, node: str) -> None:
        """Pods reach the API server by its Service: kube-proxy learns with a delay of its own that
        it is back, and refuses connections until then.
        """
        address = self.get("service/kubernetes")["spec"]["clusterIP"]
        reached = f"until (: <>/dev/tcp/{address}/443) 2>/dev/null; do sleep 0.5; done"
        run("docker", "exec", node, "timeout", "120", "bash", "-c", reached)

    def _until_api_server(self, *, answers: bool) -> None:
        end = time.monotonic() + 90
        while ("ok" in self.kubectl("get", "--raw", "/readyz", check=False)) is not answers:
            assert time.monotonic() < end
            time.sleep(0.2)

    @property
    def gateway(self) -> str:
        """Where this machine reaches a gateway at `GATEWAY_PORT` of the node."""
        node = f"{self.name}-control-plane"
        mapped = run("docker", "port", node, f"{GATEWAY_PORT}/tcp", check=False)
        if mapped:
            return f"http://{mapped.split()[0]}"
        form = '{{(index .NetworkSettings.Networks "kind").IPAddress}}'
        return f"http://{run('docker', 'inspect', '-f', form, node).strip()}:{GATEWAY_PORT}"


def listing(items: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(items)}


def start(folder: Path) -> tuple[Cluster, Callable[[], None]]:
    """The cluster that `PLAT_KIND_CLUSTER` names, else a new one, and what ends it."""
    reused = os.environ.get("PLAT_KIND_CLUSTER", "")
    name, kubeconfig = reused or NAME, folder / "kubeconfig"
    if reused:
        run("kind", "export", "kubeconfig", "--name", name, "--kubeconfig", kubeconfig)
    registry = f"{name}-registry"

    def end() -> None:
        if not reused:
            run("kind", "delete", "cluster", "--name", name, "--kubeconfig", kubeconfig)
            if run("docker", "ps", "--all", "--quiet", "--filter", f"name=^{registry}$"):
                run("docker", "rm", "--force", "--volumes", registry)

    try:
        if not reused:
            _create(name, folder, kubeconfig)
        cluster = Cluster(name, kubeconfig, _start_registry(registry, name))
        cluster.define()
    except BaseException:
        end()
        raise
    return cluster, end


def _create(name: str, folder: Path, kubeconfig: Path) -> None:
    config = folder / "kind.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    image = os.environ.get("KIND_NODE_IMAGE")
    run("kind", "delete", "cluster", "--name", name, "--kubeconfig", kubeconfig)
    run(
        *("kind", "create", "cluster", "--name", name, "--config", config),
        *("--kubeconfig", kubeconfig, "--wait", "120s"),
        *(("--image", image) if image else ()),
    )
    # pods go to the first node, as on a cluster of one, until a test asks for the spare one
    kubectl = ("kubectl", "--kubeconfig", kubeconfig)
    run(*kubectl, "taint", "nodes", f"{name}-control-plane", f"{CONTROL_PLANE}:NoSchedule-")
    run(*kubectl, "cordon", f"{name}-worker")
    # volumes that anybody may write to, as kind's own provisioner makes them
    volumes = "mkdir -p /var/local-volumes/{1..8} && chmod 777 /var/local-volumes/*"
    run("docker", "exec", f"{name}-control-plane", "bash", "-c", volumes)


def _start_registry(registry: str, cluster: str) -> int:
    """A registry beside the cluster; its nodes know it as `localhost:5001`."""
    if not run("docker", "ps", "--quiet", "--filter", f"name=^{registry}$"):
        run("docker", "rm", "--force", "--volumes", registry, check=False)
        run(
            *("docker", "run", "--detach", "--name", registry, "--network", "kind"),
            *("--publish", "127.0.0.1::5000", "registry:2"),
        )
    address = f"http://{registry}:5000"
    # without `server` the node would ask itself at localhost:5001 as well, and tell of that instead
    hosts = f'server = "{address}"\n[host."{address}"]\n'
    folder = f"/etc/containerd/certs.d/{REGISTRY}"
    for node in run("kind", "get", "nodes", "--name", cluster).split():
        run("docker", "exec", node, "mkdir", "-p", folder)
        run("docker", "exec", "-i", node, "cp", "/dev/stdin", f"{folder}/hosts.toml", text=hosts)
    return int(run("docker", "port", registry, "5000/tcp").split()[0].rpartition(":")[2])


def pushed(cluster: Cluster, name: str, folder: str) -> str:
    """Build a folder beside this file and push it; returns its name within the cluster."""
    tag = f"localhost:{cluster.registry_port}/{name}"
    run("docker", "build", "--quiet", "--tag", tag, Path(__file__).with_name(folder))
    run("docker", "push", "--quiet", tag)
    digests = json.loads(run("docker", "inspect", "--format", "{{json .RepoDigests}}", tag))
    [digest] = [d.partition("@")[2] for d in digests if d.startswith(f"{tag}@")]
    return f"{REGISTRY}/{name}@{digest}"


def runtime_image(cluster: Cluster) -> str:
    """A function's image as the cluster pulls it, built as a user would: with docker alone."""
    run(
        *("docker", "build", "--quiet", "--tag", "plat-test-runtime"),
        *("--file", ROOT / "runtimes/python/Dockerfile", ROOT / "runtimes"),
    )
    return pushed(cluster, "plat-test", "image")
