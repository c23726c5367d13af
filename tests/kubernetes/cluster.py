"""kind cluster for the tests, with helpers for kubectl and docker."""

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
"""Name of the registry inside the cluster, as in the documentation of kind."""

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
"""Node port of the gateway, mapped to a free port of this machine."""


def run(*command: str | Path, text: str | None = None, check: bool = True) -> str:
    """Run a command and return its output; the error of a failed one contains its stderr."""
    result = subprocess.run(
        command, input=text, capture_output=True, text=True, check=False, timeout=300
    )
    if check and result.returncode:
        raise AssertionError(f"{command} ended with {result.returncode}: {result.stderr[-2000:]}")
    return result.stdout


@dataclass(frozen=True)
class Cluster:
    """A running cluster; `registry_port` is the port of its registry on this machine."""

    name: str
    kubeconfig: Path
    registry_port: int

    def kubectl(self, *arguments: str, text: str | None = None, check: bool = True) -> str:
        return run("kubectl", "--kubeconfig", self.kubeconfig, *arguments, text=text, check=check)

    def refusal(self, document: dict[str, Any]) -> str:
        """Return the error of the API server for creating a document, or an empty text."""
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
        # a new definition may have null for conditions, which `kubectl wait` rejects
        end = time.monotonic() + 60
        while not self._is_defined():
            assert time.monotonic() < end
            time.sleep(0.1)

    def _is_defined(self) -> bool:
        conditions = self.get("crd/functions.plat.dev").get("status", {}).get("conditions") or ()
        return ("Established", "True") in {(c["type"], c["status"]) for c in conditions}

    @contextmanager
    def without_api_server(self) -> Iterator[None]:
        """Stop the API server, a static pod, while the body runs."""
        node, there = f"{self.name}-control-plane", "/etc/kubernetes/manifests/kube-apiserver.yaml"
        run("docker", "exec", node, "mv", there, "/etc/kubernetes/away.yaml")
        try:
            self._until_api_server(answers=False)
            yield
        finally:
            run("docker", "exec", node, "mv", "/etc/kubernetes/away.yaml", there)
            self._until_api_server(answers=True)
            # controllers with leader election exited, and restart with a growing delay
            ready = ("wait", "--for=condition=Ready", "pods", "--all", "--timeout=180s")
            self.kubectl("-n", "kube-system", *ready)
            self._until_service(node)

    def _until_service(self, node: str) -> None:
        """Wait until pods can connect to the API server through its Service.

        kube-proxy rejects connections until it has observed the endpoint again.
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
        """URL of `GATEWAY_PORT` of the node, for this machine."""
        node = f"{self.name}-control-plane"
        mapped = run("docker", "port", node, f"{GATEWAY_PORT}/tcp", check=False)
        if mapped:
            return f"http://{mapped.split()[0]}"
        form = '{{(index .NetworkSettings.Networks "kind").IPAddress}}'
        return f"http://{run('docker', 'inspect', '-f', form, node).strip()}:{GATEWAY_PORT}"


def listing(items: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(items)}


def start(folder: Path) -> tuple[Cluster, Callable[[], None]]:
    """Return the cluster named by `PLAT_KIND_CLUSTER`, or a new one, and its cleanup."""
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
    # pods run on the first node, until a test uncordons the second one
    kubectl = ("kubectl", "--kubeconfig", kubeconfig)
    run(*kubectl, "taint", "nodes", f"{name}-control-plane", f"{CONTROL_PLANE}:NoSchedule-")
    run(*kubectl, "cordon", f"{name}-worker")
    # world-writable volumes, such as those of the provisioner of kind
    volumes = "mkdir -p /var/local-volumes/{1..8} && chmod 777 /var/local-volumes/*"
    run("docker", "exec", f"{name}-control-plane", "bash", "-c", volumes)


def _start_registry(registry: str, cluster: str) -> int:
    """Start a registry container, which nodes reach as `localhost:5001`; return its port."""
    if not run("docker", "ps", "--quiet", "--filter", f"name=^{registry}$"):
        run("docker", "rm", "--force", "--volumes", registry, check=False)
        run(
            *("docker", "run", "--detach", "--name", registry, "--network", "kind"),
            *("--publish", "127.0.0.1::5000", "registry:2"),
        )
    address = f"http://{registry}:5000"
    # without `server` the node would also try localhost:5001 itself, and report that error
    hosts = f'server = "{address}"\n[host."{address}"]\n'
    folder = f"/etc/containerd/certs.d/{REGISTRY}"
    for node in run("kind", "get", "nodes", "--name", cluster).split():
        run("docker", "exec", node, "mkdir", "-p", folder)
        run("docker", "exec", "-i", node, "cp", "/dev/stdin", f"{folder}/hosts.toml", text=hosts)
    return int(run("docker", "port", registry, "5000/tcp").split()[0].rpartition(":")[2])


def pushed(cluster: Cluster, name: str, folder: str) -> str:
    """Build and push a folder next to this file; return the name within the cluster."""
    tag = f"localhost:{cluster.registry_port}/{name}"
    run("docker", "build", "--quiet", "--tag", tag, Path(__file__).with_name(folder))
    run("docker", "push", "--quiet", tag)
    digests = json.loads(run("docker", "inspect", "--format", "{{json .RepoDigests}}", tag))
    [digest] = [d.partition("@")[2] for d in digests if d.startswith(f"{tag}@")]
    return f"{REGISTRY}/{name}@{digest}"


def runtime_image(cluster: Cluster) -> str:
    """Build the image of a function with Docker only; return the name within the cluster."""
    run(
        *("docker", "build", "--quiet", "--tag", "plat-test-runtime"),
        *("--file", ROOT / "runtimes/python/Dockerfile", ROOT / "runtimes"),
    )
    return pushed(cluster, "plat-test", "image")
