"""A Kubernetes control plane of etcd and an API server, without nodes and controllers.

It starts in seconds. Objects stay as written: nothing schedules pods or collects garbage.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from plat_core.model.crd import manifest

DEADLINE = 90.0
WRITES = ("POST", "PUT", "PATCH", "APPLY", "DELETE")
HOUSEKEEPING = re.compile(r'resource="(leases|ipaddresses)"')
"""Writes of the API server itself: leases, and an address for each Service."""
PASSWORD = "of-a-control-plane-that-only-this-machine-reaches"
KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: it, cluster: {{server: "{server}", certificate-authority: "{authority}"}}}}]
users: [{{name: it, user: {{token: "{token}"}}}}]
contexts: [{{name: it, context: {{cluster: it, user: it}}}}]
current-context: it
"""


class KubectlError(Exception):
    """A failed kubectl command, with its stderr."""


@dataclass(frozen=True)
class ControlPlane:
    """A running API server, with the kubeconfig of an administrator."""

    kubeconfig: Path
    server: str
    process: psutil.Process

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        """Run kubectl and return its output."""
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), *arguments]
        done = subprocess.run(command, input=text, check=False, capture_output=True, text=True)
        if done.returncode:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def writes(self) -> int:
        """Return the number of writes, without those of the API server itself."""
        total = 0.0
        for line in self.kubectl("get", "--raw", "/metrics").splitlines():
            if line.startswith("apiserver_request_total{") and not HOUSEKEEPING.search(line):
                verb = re.search(r'verb="(\w+)"', line)
                if verb and verb[1] in WRITES:
                    total += float(line.rpartition(" ")[2])
        return int(total)


def missing() -> str | None:
    """Return a required program that is not installed, or None."""
    programs = ("etcd", "kube-apiserver", "kubectl", "openssl")
    return next((name for name in programs if shutil.which(name) is None), None)


@contextmanager
def running(folder: Path) -> Iterator[ControlPlane]:
    """Run a control plane with the definition of Function; its state is in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        storage, peers, secure = _free_ports(3)
        _etcd(stack, folder, storage, peers)
        process = _api_server(stack, folder, storage, secure)
        server = f"https://127.0.0.1:{secure}"
        kubeconfig = folder / "kubeconfig"
        authority = folder / "tls/apiserver.crt"
        kubeconfig.write_text(
            KUBECONFIG.format(server=server, authority=authority, token=PASSWORD), encoding="utf-8"
        )
        plane = ControlPlane(kubeconfig, server, psutil.Process(process.pid))
        _until_ready(plane, process)
        plane.kubectl("apply", "-f", "-", text=manifest())
        _until(lambda: _succeeds(plane, "get", "fn", "--all-namespaces"))
        yield plane


def _etcd(stack: ExitStack, folder: Path, client: int, peer: int) -> None:
    url, peers = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    _start(
        stack,
        folder / "etcd.log",
        *("etcd", "--data-dir", str(folder / "etcd"), "--unsafe-no-fsync"),
        *("--listen-client-urls", url, "--advertise-client-urls", url),
        *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers),
        *("--initial-cluster", f"default={peers}", "--log-level", "error"),
    )


def _api_server(stack: ExitStack, folder: Path, storage: int, port: int) -> subprocess.Popen[bytes]:
    key, tokens = folder / "accounts.key", folder / "tokens.csv"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    tokens.write_text(f'{PASSWORD},admin,admin,"system:masters"\n', encoding="utf-8")
    return _start(
        stack,
        folder / "apiserver.log",
        *("kube-apiserver", "--etcd-servers", f"http://127.0.0.1:{storage}"),
        *("--cert-dir", str(folder / "tls"), "--bind-address", "127.0.0.1"),
        *("--secure-port", str(port), "--token-auth-file", str(tokens)),
        *("--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/16"),
        *("--service-account-issuer", "https://localhost"),
        *("--service-account-key-file", str(key), "--service-account-signing-key-file", str(key)),
        # it would wait for tokens that a controller creates
        *("--disable-admission-plugins", "ServiceAccount"),
    )


def _start(stack: ExitStack, log: Path, *command: str) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if not k.casefold().endswith("_proxy")}
    output = stack.enter_context(log.open("wb"))
    process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)

    def end() -> None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    stack.callback(end)
    return process


def _until_ready(plane: ControlPlane, process: subprocess.Popen[bytes]) -> None:
    def ready() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"kube-apiserver ended with {process.returncode}")
        return _succeeds(plane, "get", "--raw", "/readyz")

    _until(ready)
    _until(lambda: "default" in plane.kubectl("get", "namespaces", "-o", "name"))


def _succeeds(plane: ControlPlane, *arguments: str) -> bool:
    try:
        plane.kubectl(*arguments)
    except KubectlError:
        return False
    return True


def _until(check: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not check():
        if time.monotonic() > end:
            raise TimeoutError("the control plane did not start")
        time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
