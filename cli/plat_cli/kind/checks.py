"""The checks of `plat doctor --kind`: programs, cluster, registry and kubectl context."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from plat_core.errors import PlatError
from plat_http.fixes import describe

from plat_cli.check_result import CheckResult
from plat_cli.kind import checkout, cluster, docker_engine, registry
from plat_cli.kind.subprocesses import CommandNotFound, run
from plat_cli.kind.target import KindCluster


def kind_checks(target: KindCluster) -> Iterator[CheckResult]:
    """Run the checks in order. Stop at the first failure, because the next ones depend on it."""
    steps: list[tuple[str, Callable[[KindCluster], CheckResult]]] = [
        ("clone", _clone),
        ("docker", _docker),
        ("kind", _kind),
        ("cluster", _cluster),
        ("registry", _registry),
        ("context", _context),
    ]
    for name, step in steps:
        try:
            found = step(target)
        except PlatError as error:
            yield CheckResult(name, "fail", error.message, describe(error.fix))
            return
        yield found
        if found.level == "fail":
            return


def _clone(target: KindCluster) -> CheckResult:
    return CheckResult("clone", "ok", str(checkout.find()))


def _docker(target: KindCluster) -> CheckResult:
    return CheckResult("docker", "ok", f"the daemon responds: {docker_engine.daemon()}")


def _kind(target: KindCluster) -> CheckResult:
    return CheckResult("kind", "ok", run("kind", "version").strip())


def _cluster(target: KindCluster) -> CheckResult:
    if target.name not in cluster.names():
        return CheckResult(
            "cluster", "fail", f"cluster {target.name} does not exist", target.command()
        )
    stopped = [node for node in cluster.nodes(target) if docker_engine.state(node) != "running"]
    if stopped:
        return CheckResult("cluster", "fail", f"{', '.join(stopped)} not running", target.command())
    version = json.loads(cluster.kubectl(target, "get", "--raw", "/version"))
    return CheckResult(
        "cluster", "ok", f"{target.name} responds: Kubernetes {version['gitVersion']}"
    )


def _registry(target: KindCluster) -> CheckResult:
    state = docker_engine.state(target.registry)
    if state != "running":
        text = f"{target.registry} is {state}" if state else f"{target.registry} does not exist"
        return CheckResult("registry", "fail", text, target.command())
    port = docker_engine.published(target.registry, registry.REGISTRY_PORT_INSIDE)
    return CheckResult("registry", "ok", f"{target.registry} runs at localhost:{port}")


def _context(target: KindCluster) -> CheckResult:
    """Check the kubectl context. kubectl is optional: the one of the node works too."""
    try:
        contexts = run("kubectl", "config", "get-contexts", "--output", "name").split()
    except CommandNotFound:
        kubectl_line = cluster.kubectl_line(target, "get fn")
        return CheckResult(
            "context", "warn", "kubectl is not installed; it is optional", kubectl_line
        )
    if target.context not in contexts:
        fix = f"kind export kubeconfig --name {target.name}"
        return CheckResult("context", "warn", f"kubectl has no context {target.context}", fix)
    return CheckResult("context", "ok", target.context)
