"""The cluster itself: made by kind, restarted by Docker, asked through its own node."""

from __future__ import annotations

import re
from pathlib import Path

from plat_core.errors import InvalidInput, Unavailable

from plat_cli.kind import checkout, docker_engine
from plat_cli.kind.subprocesses import CommandFailed, OnProgress, run, stream
from plat_cli.kind.target import PORT, KindCluster

NODE_PORT = 30080
"""The gateway's fixed port of each node; kind-config.yaml maps it to one of this machine."""
NODE_IMAGE = "KIND_NODE_IMAGE"
ADMIN = "/etc/kubernetes/admin.conf"
INOTIFY = "/proc/sys/fs/inotify/max_user_instances"
MANY = 512
"""With fewer than these watchers, the kubelets of several nodes soon have none left."""
READY = 120
"""Seconds that a node gets to be ready."""


def names() -> list[str]:
    """Every kind cluster of this machine, running or not."""
    return run("kind", "get", "clusters").split()


def nodes(target: KindCluster) -> list[str]:
    """The containers that are the cluster's nodes."""
    return run("kind", "get", "nodes", "--name", target.name).split()


def create(target: KindCluster, root: Path, image: str, on_progress: OnProgress) -> None:
    """Make the cluster; raises Unavailable, with nothing left of it, where that fails."""
    docker_engine.check_port_free(target.port, target, option="--port", other=_other_port(target))
    if image:
        docker_engine.ensure_image(
            image, on_progress, otherwise=f"name another one in {NODE_IMAGE}"
        )
    config = _config(root, target)
    chosen = ("--image", image) if image else ()
    line = ("kind", "create", "cluster", "--name", target.name, "--config", "-", *chosen)
    try:
        stream(*line, "--wait", f"{READY}s", on_progress=_strip_marks(on_progress), text=config)
    except CommandFailed as error:
        raise _failed(target, error) from error


def start(target: KindCluster, on_progress: OnProgress) -> bool:
    """Have the nodes of an existing cluster run and ready; returns whether any had to be started.

    Raises Unavailable where one does not come back, or the gateway is published elsewhere.
    """
    slept = [node for node in nodes(target) if docker_engine.ensure_running(node) != "running"]
    for node in slept:
        on_progress(f"starts {node}")
    _check_port(target)
    try:
        _wait_until_ready(target)
    except CommandFailed as error:
        raise Unavailable(
            f"the cluster {target.name} is there but does not get ready: {error.tail}",
            fix=f"{target.command('down')} && {target.command()}   (its functions go with it)",
        ) from error
    return bool(slept)


def delete(target: KindCluster, on_progress: OnProgress) -> None:
    """Delete the cluster, and its context from the user's kubeconfig."""
    stream("kind", "delete", "cluster", "--name", target.name, on_progress=on_progress)


def kubectl(
    target: KindCluster, *arguments: str, text: str | None = None, timeout: float = 60
) -> str:
    """What the node's own kubectl answers; raises CommandFailed."""
    line = ("docker", "exec", "-i", target.node, "kubectl", "--kubeconfig", ADMIN)
    return run(*line, *arguments, text=text, timeout=timeout)


def kubectl_line(target: KindCluster, arguments: str) -> str:
    """A line for the user's shell that asks the cluster, with nothing but Docker installed."""
    return f"docker exec {target.node} kubectl --kubeconfig {ADMIN} {arguments}"


def configure_registry(target: KindCluster) -> None:
    """Tell each node where images named `localhost:5001/…` are: at the registry's container."""
    address = f"http://{target.registry}:5000"
    # without `server` the node would ask itself at localhost as well, and tell of that instead
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
    where = f"publishes its gateway at port {port}" if port else "was not made by plat up --kind"
    fix = KindCluster(target.name, port, target.registry_port).command() if port else ""
    another = KindCluster(f"{target.name}-2", target.port, target.registry_port).command()
    raise InvalidInput(
        f"there is a cluster {target.name} already, and it {where}",
        fix=f"{fix}\n{target.command('down')}   (deletes it)\n{another}   (a second one)".strip(),
        field="--port" if port else "--name",
    )


def _wait_until_ready(target: KindCluster) -> None:
    """A node that was just started answers after some seconds; kubectl asks once a second."""
    wait = f"until kubectl --kubeconfig {ADMIN} get --raw /readyz; do sleep 1; done"
    quietly = f"timeout {READY} sh -c '{wait}' >/dev/null 2>&1 || kubectl --kubeconfig {ADMIN}"
    asked = f"{quietly} get --raw /readyz"
    run("docker", "exec", target.node, "sh", "-c", asked, timeout=READY + 30)
    ready = ("--for=condition=Ready", "node", "--all", f"--timeout={READY}s")
    kubectl(target, "wait", *ready, timeout=READY + 30)


def _failed(target: KindCluster, error: CommandFailed) -> Unavailable:
    if found := re.search(r'failed to pull image "?([^"\s]+)', error.output):
        return Unavailable(
            f"the image of the node, {found[1]}, cannot be pulled",
            fix=f"docker pull {found[1]}   (to see why)\nname another one in {NODE_IMAGE}",
        )
    told = re.search(r"^ERROR: (.+)$", error.output, re.MULTILINE)
    watchers = int(Path(INOTIFY).read_text()) if Path(INOTIFY).is_file() else MANY
    few = f"sudo sysctl fs.inotify.max_user_instances={MANY}   (it is {watchers})\n"
    return Unavailable(
        f"kind could not make the cluster {target.name}: {told[1] if told else error.tail}",
        fix=(few if watchers < MANY else "") + f"{target.command()} --verbose",
    )


def _other_port(target: KindCluster) -> KindCluster:
    return KindCluster(target.name, target.port + 10, target.registry_port)


def _strip_marks(on_progress: OnProgress) -> OnProgress:
    """kind's progress without its bullets and check marks."""
    return lambda line: on_progress(re.sub(r"^[^\w]+|[^\w.)]+$", "", line))
