"""Builds in a cluster, from a source to a pod, and the isolation of the builder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .functions import Functions
from .installation import NAMESPACE, TOKEN, Gateway, path
from .process import until

pytestmark = [
    *(pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(300)),
    pytest.mark.usefixtures("base_images"),
]

APP = "import {module}\ndef handler(request):\n    return {module}.__name__ + '{version}'\n"
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
    print("open")
except OSError as error:
    print("shut")
"""


def deploy(functions: Functions, gateway: Gateway, folder: Path) -> str:
    """Run `plat deploy` and return its output."""
    environment = {
        **{key: value for key, value in os.environ.items() if key != "BUILDER_URL"},
        "API_URL": gateway.cluster.gateway,
        "AUTH_TOKEN": TOKEN,
    }
    command = (sys.executable, "-m", "plat_cli", "deploy", str(folder), "--name", "hello")
    done = subprocess.run(
        [*command, "--namespace", functions.namespace],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_deploys_sources_edits_and_packages_by_digest(
    functions: Functions, gateway: Gateway, tmp_path: Path
) -> None:
    app, requirements = tmp_path / "app.py", tmp_path / "requirements.txt"
    requirements.write_text("idna==3.10\n", encoding="utf-8")
    for number, (module, version) in enumerate(
        [("idna", "-a"), ("idna", "-b"), ("six", "-c")], start=1
    ):
        if module == "six":
            requirements.write_text("six==1.17.0\n", encoding="utf-8")
        app.write_text(APP.format(module=module, version=version), encoding="utf-8")
        output = deploy(functions, gateway, tmp_path)
        assert version != "-b" or "Installed" not in output
        until(lambda want=module + version: gateway.ask(path(functions)) == (200, want))  # type: ignore[misc]
        pod = functions.get("pods", "-l", f"plat.dev/revision={number}")["items"][0]
        image = pod["spec"]["containers"][0]["image"]
        assert image.startswith("localhost:5001/hello@sha256:")
        assert image == functions.status("hello")["image"]


def test_builds_an_inline_source_and_names_the_line_of_an_error(
    functions: Functions, gateway: Gateway
) -> None:
    files = {"app.py": "def handler(request):\n    return 'inline'\n"}
    functions.apply("hello", image=None, source={"inline": files})
    functions.wait("hello")
    assert gateway.ask(path(functions)) == (200, "inline")
    broken = {**files, "requirements.txt": "idna==3.10\nno-such-package-at-all==0\n"}
    functions.apply("hello", image=None, source={"inline": broken})
    functions.until_reason("hello", "BuildFailed")
    status, reason, message = functions.condition("hello", "Built")
    assert (status, reason) == ("False", "BuildFailed")
    assert "no-such-package-at-all==0" in message
    assert gateway.ask(path(functions)) == (200, "inline")


def test_a_new_operator_repeats_no_build(functions: Functions, gateway: Gateway) -> None:
    files = {"app.py": "def handler(request):\n    return 'once'\n"}
    functions.apply("hello", image=None, source={"inline": files})
    functions.wait("hello")
    before, status = builds(gateway), functions.status("hello")
    for pod in gateway.pods("app.kubernetes.io/component=operator"):
        gateway.delete(pod)
    gateway.rolled_out("operator")
    functions.kubectl("scale", "fn/hello", "--replicas=2")
    functions.wait("hello")
    assert builds(gateway) == before
    assert functions.status("hello")["image"] == status["image"]


def builds(gateway: Gateway) -> list[str]:
    """Return the number of finished builds in the builder's metrics.

    One that failed, of a function that is about to go, may be tried again by the new operator.
    """
    [pod] = gateway.pods("app.kubernetes.io/component=builder")
    root = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}:8082/proxy"
    text = gateway.cluster.kubectl("get", "--raw", f"{root}/metrics")
    results = ('plat_builds_total{result="finished"}', 'plat_builds_total{result="unchanged"}')
    return [line for line in text.splitlines() if line.startswith(results)]


def test_the_builder_cannot_connect_to_the_cluster(functions: Functions, gateway: Gateway) -> None:
    functions.apply("hello")
    functions.wait("hello")
    function = functions.get("pods")["items"][0]
    [builder] = gateway.pods("app.kubernetes.io/component=builder")
    kubectl = gateway.cluster.kubectl
    inside = ("-n", NAMESPACE, "exec", builder, "--")
    address = function["status"]["podIP"]

    def connects(host: str, port: int) -> str:
        return kubectl(*inside, "python", "-c", CONNECT, host, str(port)).strip()

    assert connects(f"{gateway.cluster.name}-registry", 5000) == "open"
    assert connects(address, 8080) == "shut"
    assert connects("plat-gateway", 80) == "shut"
    token = "/var/run/secrets/kubernetes.io"
    assert kubectl(*inside, "sh", "-c", f"ls {token} || true") == ""
    assert "git version" in kubectl(*inside, "git", "--version")
    # functions cannot connect to the platform either
    name = function["metadata"]["name"]
    host = f"plat-builder.{NAMESPACE}"
    output = functions.kubectl("exec", name, "--", "python", "-c", CONNECT, host, "8082").strip()
    assert output == "shut"


def test_the_builder_has_resource_limits(gateway: Gateway) -> None:
    found = gateway.cluster.get("-n", NAMESPACE, "deployment", "plat-builder")
    pod = found["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert set(container["resources"]["limits"]) >= {"cpu", "memory"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert json.dumps(pod).count("hostPath") == 0
