"""The kind cluster: created by kind, restarted by Docker, queried through its own node."""

from __future__ import annotations

import re
from pathlib import Path

from plat_core.errors import InvalidInput, Unavailable

from plat_cli.kind import checkout, docker_engine
from plat_cli.kind.subprocesses import CommandFailed, OnProgress, run, stream
from plat_cli.kind.target import PORT, KindCluster

NODE_PORT = 30080
"""The node port of the gateway, which kind-config.yaml maps to a port of this machine."""
NODE_IMAGE = "KIND_NODE_IMAGE"
ADMIN = "/etc/kubernetes/admin.conf"
INOTIFY = "/proc/sys/fs/inotify/max_user_instances"
MIN_WATCHERS = 512
"""Below this limit, the kubelets of several nodes run out of inotify instances."""
READY = 120
"""Timeout (s) for a node to become ready."""


def names() -> list[str]:
    """Return the names of all kind clusters of this machine, running or not."""
    return run("kind", "get", "clusters").split()


def nodes(target: KindCluster) -> list[str]:
    """Return the containers of the nodes of the cluster."""
    return run("kind", "get", "nodes", "--name", target.name).split()


def create(target: KindCluster, root: Path, image: str, on_progress: OnProgress) -> None:
    """Create the cluster. Raises Unavailable if that fails."""
    docker_engine.check_port_free(target.port, target, option="--port", other=_other_port(target))
    if image:
        docker_engine.ensure_image(
            image, on_progress, otherwise=f"set another image in {NODE_IMAGE}"
        )
    config = _config(root, target)
    chosen = ("--image", image) if image else ()
    line = ("kind", "create", "cluster", "--name", target.name, "--config", "-", *chosen)
    try:
        stream(*line, "--wait", f"{READY}s", on_progress=_strip_marks(on_progress), text=config)
    except CommandFailed as error:
        raise _failed(target, error) from error


def start(target: KindCluster, on_progress: OnProgress) -> bool:
    """Start the nodes of an existing cluster, and return whether one was stopped.

    Raises Unavailable if a node does not become ready, and InvalidInput if the ports differ.
    """
    stopped = [node for node in nodes(target) if docker_engine.ensure_running(node) != "running"]
    for node in stopped:
        on_progress(f"starting {node}")
    _check_port(target)
    try:
        _wait_until_ready(target)
    except CommandFailed as error:
        raise Unavailable(
            f"the cluster {target.name} exists but does not become ready: {error.tail}",
            fix=f"{target.command('down')} && {target.command()}   (deletes its functions)",
        ) from error
    return bool(stopped)


def delete(target: KindCluster, on_progress: OnProgress) -> None:
    """Delete the cluster and its context in the kubeconfig."""
    stream("kind", "delete", "cluster", "--name", target.name, on_progress=on_progress)


def kubectl(
    target: KindCluster, *arguments: str, text: str | None = None, timeout: float = 60
) -> str:
    """Run kubectl on the node and return its output. Raises CommandFailed."""
    line = ("docker", "exec", "-i", target.node, "kubectl", "--kubeconfig", ADMIN)
    return run(*line, *arguments, text=text, timeout=timeout)


def kubectl_line(target: KindCluster, arguments: str) -> str:
    """Return a shell command that runs kubectl on the node."""
    return f"docker exec {target.node} kubectl --kubeconfig {ADMIN} {arguments}"


def configure_registry(target: KindCluster) -> None:
    """Configure containerd on each node to pull `localhost:5001/…` from the registry container."""
    address = f"http://{target.registry}:5000"
    # Without `server`, containerd also tries localhost and reports that error instead.
    hosts = f'server = "{address}"\n[host."{address}"]\n'
    folder = f"/etc/containerd/certs.d/{target.images}"
    write = f"mkdir -p {folder} && cat >{folder}/hosts.toml"
    for node in nodes(target):
        run("docker", "exec", "-i", node, "sh", "-c", write, text=hosts)


def _config(root: Path, target: KindCluster) -> str:
    text = (root / checkout.CONFIG).read_text(encoding="utf-8")
    return re.sub(rf"hostPort: {PORT}\b", f"hostPort: {target.port}", text)


def _check_port(target: KindCluster) -> None:
    port = docker_engine.published(target.node, NODE_PORT)
    if port == target.port:
        return
    reason = f"its gateway uses port {port}" if port else "it was not created by plat up --kind"
    fix = KindCluster(target.name, port, target.registry_port).command() if port else ""
    another = KindCluster(f"{target.name}-2", target.port, target.registry_port).command()
    raise InvalidInput(
        f"the cluster {target.name} already exists: {reason}",
        fix=f"{fix}\n{target.command('down')}   (deletes it)\n{another}   (a second one)".strip(),
        field="--port" if port else "--name",
    )


def _wait_until_ready(target: KindCluster) -> None:
    """Wait until the API server responds, then until all nodes are ready."""
    wait = f"until kubectl --kubeconfig {ADMIN} get --raw /readyz; do sleep 1; done"
    quietly = f"timeout {READY} sh -c '{wait}' >/dev/null 2>&1 || kubectl --kubeconfig {ADMIN}"
    script = f"{quietly} get --raw /readyz"
    run("docker", "exec", target.node, "sh", "-c", script, timeout=READY + 30)
    ready = ("--for=condition=Ready", "node", "--all", f"--timeout={READY}s")
    kubectl(target, "wait", *ready, timeout=READY + 30)


def _failed(target: KindCluster, error: CommandFailed) -> Unavailable:
    if found := re.search(r'failed to pull image "?([^"\s]+)', error.output):
        return Unavailable(
            f"the image of the node, {found[1]}, cannot be pulled",
            fix=f"docker pull {found[1]}   (to see why)\nset another image in {NODE_IMAGE}",
        )
    message = re.search(r"^ERROR: (.+)$", error.output, re.MULTILINE)
    watchers = int(Path(INOTIFY).read_text()) if Path(INOTIFY).is_file() else MIN_WATCHERS
    raise_limit = f"sudo sysctl fs.inotify.max_user_instances={MIN_WATCHERS}   (now {watchers})\n"
    return Unavailable(
        f"kind could not create the cluster {target.name}: {message[1] if message else error.tail}",
        fix=(raise_limit if watchers < MIN_WATCHERS else "") + f"{target.command()} --verbose",
    )


def _other_port(target: KindCluster) -> KindCluster:
    return KindCluster(target.name, target.port + 10, target.registry_port)


def _strip_marks(on_progress: OnProgress) -> OnProgress:
    """Remove bullets and check marks from the progress lines of kind."""
    return lambda line: on_progress(re.sub(r"^[^\w]+|[^\w.)]+$", "", line))
